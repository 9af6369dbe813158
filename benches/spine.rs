//! How long the main job, a plan and a start of the program take.
#![expect(clippy::disallowed_methods, reason = "a benchmark starts the program itself")]
#![expect(clippy::unwrap_used, reason = "a benchmark may end in a panic")]

use std::{hint::black_box, process::Command, sync::Arc};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use forgectl::{
    blueprint::Entry,
    desk::Screen,
    engine::{self, plan::Plan},
    journal::Journal,
    machine::{Looking, facts},
    manifest::{self, Stack},
    report,
    resource::Folder,
    sim::{Mac, Options, Sim},
    value::Source,
};

fn spine() -> Stack {
    manifest::read(&Source::new("stacks/spine.yaml", include_str!("../stacks/spine.yaml"))).unwrap()
}

fn rehearse(criterion: &mut Criterion) {
    let stack = spine();
    let node = engine::own_node(&stack).unwrap();
    criterion.bench_function("rehearse spine", |bencher| {
        bencher.iter(|| black_box(engine::rehearse(&stack, &node, 200_000_000, || 0).unwrap()));
    });
}

fn plan(criterion: &mut Criterion) {
    let stack = spine();
    let sim = Sim::new(Mac::new(&engine::own_node(&stack).unwrap(), 0), Options::default());
    let identity = sim.identity().unwrap();
    let journal = Journal::open(&sim, &identity.state).unwrap();
    let origin = stack.span(&["stack"]);
    let spine = engine::survey(&sim, &stack).unwrap();
    let mut group = criterion.benchmark_group("plan of synthetic resources");
    for count in [20_u32, 200, 2_000] {
        let entries: Vec<Entry> = (0..count)
            .map(|number| Entry {
                resource: Arc::new(Folder {
                    name: format!("~/synthetic-{number}"),
                    path: identity.home.join(format!("synthetic-{number}")),
                    mode: 0o755,
                    data: false,
                }),
                needs: vec![],
                origin: origin.clone(),
                optional: false,
            })
            .collect();
        group.throughput(Throughput::Elements(u64::from(count)));
        group.bench_with_input(BenchmarkId::from_parameter(count), &entries, |bencher, entries| {
            bencher.iter(|| {
                let plan = Plan {
                    items: engine::wanted(&sim, entries, &journal).unwrap(),
                    node: facts::gather(&sim).unwrap(),
                    ..spine.clone()
                };
                black_box((report::plan(&plan, Screen::plain(100), false), report::plan_json(&plan).unwrap()))
            });
        });
    }
}

fn version(criterion: &mut Criterion) {
    criterion.bench_function("forgectl --version", |bencher| {
        bencher.iter(|| {
            black_box(Command::new(env!("CARGO_BIN_EXE_forgectl")).arg("--version").output().unwrap())
        });
    });
}

criterion_group!(benches, rehearse, plan, version);
criterion_main!(benches);
