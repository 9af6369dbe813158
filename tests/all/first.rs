use crate::support::*;
#[test]
fn first() {
    let stack = spine();
    let sim = sim(fresh(&stack));
    let ears = Ears::default();
    let plan = forgectl::engine::survey(&sim, &stack);
    match plan {
        Ok(plan) => {
            for i in &plan.items {
                println!("{:?} {} {} {:?}", i.action, i.id, i.reason, i.needs);
            }
            println!("{:?}", plan.refusals);
        }
        Err(e) => println!("ERR {e:?}"),
    }
    let summary = forgectl::engine::apply(&sim, &stack, &yes(), &forgectl::desk::Nobody, &ears);
    println!("{summary:?}");
    for t in ears.told() {
        if !t.contains("planned") {
            println!("{}", t.chars().take(300).collect::<String>());
        }
    }
    println!("effects {}", sim.with_mac(|m| m.state.meter.effects));
    let plan = forgectl::engine::survey(&sim, &stack).unwrap();
    for i in &plan.items {
        println!("{:?} {} {} {:?}", i.action, i.id, i.reason, i.deltas);
    }
    let d = forgectl::engine::destroy(&sim, &stack, &yes(), true, &forgectl::desk::Nobody, &ears);
    println!("{d:?}");
    for t in ears.told() {
        if !t.contains("planned") {
            println!("{}", t.chars().take(300).collect::<String>());
        }
    }
}
