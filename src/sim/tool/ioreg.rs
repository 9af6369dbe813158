use crate::{
    catalog,
    sim::{Caller, Mac, Running},
};

/// `ioreg -rc AGXAccelerator -d 1` (docs/mac-facts.md#ioreg-gpu-cores); of other classes nothing is known. The largest bin of the
/// chip is taken.
pub(super) fn run(mac: &mut Mac, _: Caller, arguments: &[String]) -> Running {
    if !arguments.iter().any(|word| word == "AGXAccelerator") {
        return Running::default();
    }
    let chip = &mac.state.spec.chip;
    let Some(cores) = catalog::chip(chip).and_then(|chip| chip.gpu_cores.last()) else {
        return Running::default();
    };
    Running::printed(format!(
        concat!(
            "+-o AGXAcceleratorG16X  <class AGXAcceleratorG16X, id 0x1000005b5, registered, matched, active, busy 0 (0 ms), retain 77>\n",
            "    {{\n",
            "      \"IOClass\" = \"AGXAcceleratorG16X\"\n",
            "      \"MetalPluginName\" = \"AGXMetalG16X\"\n",
            "      \"gpu-core-count\" = {}\n",
            "      \"model\" = \"Apple {}\"\n",
            "      \"vendor-id\" = <6b100000>\n",
            "    }}\n",
            "    \n",
        ),
        cores, chip,
    ))
}

#[cfg(test)]
mod tests {
    use crate::sim::testing::{exec, sim};

    #[test]
    fn the_gpu_tells_its_cores() {
        let output = exec(&sim(), "ioreg -rc AGXAccelerator -d 1");
        assert!(output.stdout.contains("\n      \"gpu-core-count\" = 20\n"), "{}", output.stdout);
        assert_eq!(exec(&sim(), "ioreg -rc IONothing -d 1").stdout, "");
    }
}
