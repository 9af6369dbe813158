use crate::{
    catalog::chip,
    sim::{Caller, Mac, Running, running::Print},
};

/// `sysctl [-i] [-n] NAME…` (docs/mac-facts.md#sysctl-names, #sysctl-absent). Nothing can be set.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let (flags, names): (Vec<&String>, Vec<&String>) =
        arguments.iter().partition(|word| word.starts_with('-'));
    let has = |letter: char| flags.iter().any(|word| word.contains(letter));
    if names.is_empty() || !flags.iter().all(|word| word[1..].chars().all(|c| "ainw".contains(c))) {
        return Running::failed(
            1,
            "usage: sysctl [-bdehiNnoqx] [-B <bufsize>] [-f filename] name[=value] ...\n       sysctl [-bdehNnoqx] -a\n",
        );
    }
    let mut running = Running::default();
    let output = &mut running.output;
    for name in names {
        if let Some((name, _)) = name.split_once('=') {
            let refusal = if caller.uid == 0 { "is read only here" } else { "Operation not permitted" };
            output.err(format!("sysctl: {name}: {refusal}\n"));
            output.code += 1;
            continue;
        }
        match value(mac, name) {
            Some(value) if has('n') => output.out(format!("{value}\n")),
            Some(value) => output.out(format!("{name}: {value}\n")),
            None if has('i') => {}
            None => {
                output.err(format!("sysctl: unknown oid '{name}'\n"));
                output.code += 1;
            }
        }
    }
    running
}

fn value(mac: &Mac, name: &str) -> Option<String> {
    let spec = &mac.state.spec;
    let chip = chip(&spec.chip);
    let cores = chip.and_then(|chip| chip.cpu);
    let level = |nth: usize| cores.map(|cores| cores[nth].to_string());
    // A Mac without Apple's chip has neither name (docs/mac-facts.md#rosetta).
    let intel = spec.chip.starts_with("Intel");
    Some(match name {
        "machdep.cpu.brand_string" if intel => spec.chip.clone(),
        "hw.optional.arm64" | "sysctl.proc_translated" if intel => return None,
        "sysctl.proc_translated" if mac.state.translated => "1".to_owned(),
        "machdep.cpu.brand_string" => format!("Apple {}", spec.chip),
        "hw.memsize" => spec.memory.to_string(),
        "hw.model" => chip?.model.clone()?,
        "hw.optional.arm64" | "kern.memorystatus_vm_pressure_level" => "1".to_owned(),
        "sysctl.proc_translated" | "iogpu.wired_limit_mb" => "0".to_owned(),
        "hw.pagesize" => "16384".to_owned(),
        "hw.ncpu" | "hw.physicalcpu" | "hw.logicalcpu" => cores?.iter().sum::<u32>().to_string(),
        "hw.nperflevels" => "2".to_owned(),
        "hw.perflevel0.physicalcpu" | "hw.perflevel0.logicalcpu" => level(0)?,
        "hw.perflevel1.physicalcpu" | "hw.perflevel1.logicalcpu" => level(1)?,
        // Names vary by generation (docs/mac-facts.md#perflevel-names).
        "hw.perflevel0.name" if spec.chip.starts_with("M5") => "Super".to_owned(),
        "hw.perflevel0.name" => "Performance".to_owned(),
        "hw.perflevel1.name" => "Efficiency".to_owned(),
        "kern.osproductversion" => spec.macos.clone(),
        "kern.boottime" => {
            let boot = mac.state.boot;
            format!(
                "{{ sec = {}, usec = 710968 }} {}",
                boot.as_second(),
                boot.strftime("%a %b %e %H:%M:%S %Y")
            )
        }
        "kern.bootsessionuuid" => {
            format!("{:08X}-5E55-4B00-8000-{:012X}", mac.state.seed & 0xffff_ffff, mac.state.boot.as_second())
        }
        "vm.swapusage" => "total = 0.00M  used = 0.00M  free = 0.00M  (encrypted)".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::sim::testing::{exec, sim};

    #[test]
    fn names_are_told_with_their_values_and_unknown_ones_count_as_failures() {
        let sim = sim();
        let output = exec(&sim, "sysctl hw.memsize nonsense hw.model other");
        assert_eq!(output.stdout, "hw.memsize: 68719476736\nhw.model: Mac16,11\n");
        assert_eq!(output.stderr, "sysctl: unknown oid 'nonsense'\nsysctl: unknown oid 'other'\n");
        assert_eq!(output.code, 2);
        let output = exec(&sim, "sysctl -in machdep.cpu.brand_string nonsense hw.ncpu");
        assert_eq!(
            (output.code, output.stdout.as_str(), output.stderr.as_str()),
            (0, "Apple M4 Pro\n14\n", "")
        );
        assert_eq!(exec(&sim, "sysctl -n sysctl.proc_translated").stdout, "0\n");
        assert!(
            exec(&sim, "sysctl kern.boottime")
                .stdout
                .starts_with("kern.boottime: { sec = 1767603000, usec = ")
        );
    }

    #[test]
    fn an_ordinary_user_sets_nothing() {
        let output = exec(&sim(), "sysctl iogpu.wired_limit_mb=14000");
        assert_eq!((output.code, output.stdout.as_str()), (1, ""));
        assert!(output.stderr.ends_with("Operation not permitted\n"));
    }
}
