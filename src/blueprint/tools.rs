use super::{Blueprint, Site};
use crate::resource::CommandLineTools;

pub(super) fn command_line_tools(site: &Site, blueprint: &mut Blueprint) {
    blueprint.add(CommandLineTools, vec![], site.stack.span(&["tools", "command_line_tools"]));
}
