/// Reads what the variable of a flag without a value says; what is neither yes nor no is refused.
pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" | "y" | "t" => Ok(true),
        "0" | "false" | "no" | "off" | "n" | "f" => Ok(false),
        _ => Err("its variable is `1` for yes, `0` for no, or empty".to_owned()),
    }
}
