/// How a command is told of a stack and of its Mac, as it would be typed.
#[derive(Clone, Debug)]
pub struct Typed {
    /// Its manifest: `stack.yaml`, or `FILE` of one that is no file.
    pub manifest: String,
    /// The Mac, where it is named: `sim:mac.json`.
    pub target: Option<String>,
}

impl Typed {
    /// `forgectl COMMAND MANIFEST`, with the target.
    pub fn command(&self, command: &str, manifest: &str) -> String {
        format!("{command} {manifest}{}", self.on())
    }

    /// `--stack stack.yaml --on sim:mac.json`.
    pub fn flags(&self) -> String {
        format!("--stack {}{}", self.manifest, self.on())
    }

    fn on(&self) -> String {
        self.target.as_ref().map_or_else(String::new, |target| format!(" --on {target}"))
    }
}
