use std::{collections::HashMap, fmt::Write};

use serde_json::json;

use crate::{
    engine::plan::{Action, Item, Plan},
    value::Id,
};

/// The languages that a graph is written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GraphForm {
    /// Mermaid, which many viewers of Markdown draw.
    Mermaid,
    /// DOT of Graphviz.
    Dot,
}

/// A plan as a graph: a node a resource, coloured by what is done about it, and an arrow from each to what needs it. What is
/// removed has nodes of its own, since it can come back elsewhere in the same plan.
pub fn plan_graph(plan: &Plan, form: GraphForm) -> String {
    let nodes: HashMap<(bool, &Id), usize> =
        plan.items.iter().enumerate().map(|(at, item)| ((leaves(item), &item.id), at)).collect();
    let edges = plan.items.iter().enumerate().flat_map(|(to, item)| {
        let place = |need| nodes.get(&(leaves(item), need)).or_else(|| nodes.get(&(!leaves(item), need)));
        item.needs.iter().filter_map(place).map(move |from| (*from, to)).collect::<Vec<_>>()
    });
    match form {
        GraphForm::Mermaid => mermaid(plan, edges),
        GraphForm::Dot => dot(plan, edges),
    }
}

/// The same for programs: the graph in its language, and what speaks against the plan.
pub fn plan_graph_json(plan: &Plan, form: GraphForm) -> anyhow::Result<String> {
    let language = match form {
        GraphForm::Mermaid => "mermaid",
        GraphForm::Dot => "dot",
    };
    let (stack, graph, refusals) = (&plan.stack, plan_graph(plan, form), &plan.refusals);
    super::json(&json!({ "stack": stack, "language": language, "graph": graph, "refusals": refusals }))
}

fn leaves(item: &Item) -> bool {
    item.action == Action::Remove
}

/// What is done, its fill and its line.
fn look(action: Action) -> (&'static str, &'static str, &'static str) {
    match action {
        Action::Keep => ("keep", "#eeeeee", "#888888"),
        Action::Add => ("add", "#d4f4dd", "#2e8b57"),
        Action::Change => ("change", "#fff3c4", "#b8860b"),
        Action::Replace => ("replace", "#ffdfc2", "#d2691e"),
        Action::Adopt => ("adopt", "#dce9ff", "#4169e1"),
        Action::Remove => ("remove", "#fbd5d5", "#b22222"),
    }
}

/// The actions of the plan, each once.
fn actions(plan: &Plan) -> Vec<Action> {
    let mut actions: Vec<Action> = vec![];
    for item in &plan.items {
        if !actions.contains(&item.action) {
            actions.push(item.action);
        }
    }
    actions
}

// Writing into a string cannot fail.

fn mermaid(plan: &Plan, edges: impl Iterator<Item = (usize, usize)>) -> String {
    let mut text = String::from("flowchart TD\n");
    for (at, item) in plan.items.iter().enumerate() {
        let class = look(item.action).0;
        let lines = [item.id.to_string(), about(item)].map(|line| in_mermaid(&line)).join("<br/>");
        let _ = writeln!(text, "  n{at}[\"{lines}\"]:::{class}");
    }
    for (from, to) in edges {
        let _ = writeln!(text, "  n{from} --> n{to}");
    }
    for action in actions(plan) {
        let (class, fill, line) = look(action);
        let _ = writeln!(text, "  classDef {class} fill:{fill},stroke:{line},color:#111111");
    }
    text
}

fn dot(plan: &Plan, edges: impl Iterator<Item = (usize, usize)>) -> String {
    let mut text = String::from(
        "digraph plan {\n  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontcolor=\"#111111\"]\n",
    );
    for (at, item) in plan.items.iter().enumerate() {
        let (class, fill, line) = look(item.action);
        let lines = [item.id.to_string(), about(item)].map(|line| in_dot(&line)).join("\\n");
        let _ = writeln!(
            text,
            "  n{at} [label=\"{lines}\", class=\"{class}\", fillcolor=\"{fill}\", color=\"{line}\"]"
        );
    }
    for (from, to) in edges {
        let _ = writeln!(text, "  n{from} -> n{to}");
    }
    text.push_str("}\n");
    text
}

fn about(item: &Item) -> String {
    let action = look(item.action).0;
    if item.reason.is_empty() { action.to_owned() } else { format!("{action}: {}", item.reason) }
}

/// In Mermaid a text in quotes ends with the next one, and can hold HTML and Markdown; entities stand for what would be taken
/// so (<https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters>).
fn in_mermaid(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        let _ = match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '*' | '_' | '\\' => write!(escaped, "#{};", u32::from(c)),
            c if c.is_control() => write!(escaped, " "),
            c => write!(escaped, "{c}"),
        };
        escaped
    })
}

/// In DOT a text in quotes ends with the next one that has no backslash before it, and can hold HTML's entities
/// (<https://graphviz.org/doc/info/lang.html>).
fn in_dot(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        let _ = match c {
            '"' | '\\' => write!(escaped, "\\{c}"),
            '&' => write!(escaped, "&amp;"),
            c if c.is_control() => write!(escaped, " "),
            c => write!(escaped, "{c}"),
        };
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::{super::tests::spine_plan, *};

    fn plan() -> Plan {
        let mut plan = spine_plan();
        plan.items.truncate(5);
        plan.items[4].needs = vec![plan.items[2].id.clone(), plan.items[3].id.clone()];
        plan
    }

    #[test]
    fn a_graph_in_mermaid_has_a_node_a_resource_and_an_arrow_a_need() {
        insta::assert_snapshot!(plan_graph(&plan(), GraphForm::Mermaid), @r##"
        flowchart TD
          n0["clt/command-line-tools<br/>add: install"]:::add
          n1["power/ac<br/>change: sleep 1 -#62; 0, disksleep 10 -#62; 0, autorestart 0 -#62; 1"]:::change
          n2["folder//Users/lab/Library/LaunchAgents<br/>keep"]:::keep
          n3["folder//Users/lab/Library/Logs/forgectl<br/>add: make"]:::add
          n4["job/dev.forge.ollama<br/>add: write and load"]:::add
          n2 --> n4
          n3 --> n4
          classDef add fill:#d4f4dd,stroke:#2e8b57,color:#111111
          classDef change fill:#fff3c4,stroke:#b8860b,color:#111111
          classDef keep fill:#eeeeee,stroke:#888888,color:#111111
        "##);
    }

    #[test]
    fn a_graph_in_dot_says_the_same() {
        insta::assert_snapshot!(plan_graph(&plan(), GraphForm::Dot), @r##"
        digraph plan {
          node [shape=box, style="rounded,filled", fontname="Helvetica", fontcolor="#111111"]
          n0 [label="clt/command-line-tools\nadd: install", class="add", fillcolor="#d4f4dd", color="#2e8b57"]
          n1 [label="power/ac\nchange: sleep 1 -> 0, disksleep 10 -> 0, autorestart 0 -> 1", class="change", fillcolor="#fff3c4", color="#b8860b"]
          n2 [label="folder//Users/lab/Library/LaunchAgents\nkeep", class="keep", fillcolor="#eeeeee", color="#888888"]
          n3 [label="folder//Users/lab/Library/Logs/forgectl\nadd: make", class="add", fillcolor="#d4f4dd", color="#2e8b57"]
          n4 [label="job/dev.forge.ollama\nadd: write and load", class="add", fillcolor="#d4f4dd", color="#2e8b57"]
          n2 -> n4
          n3 -> n4
        }
        "##);
    }

    #[test]
    fn what_moves_leaves_one_node_and_comes_to_another() {
        let mut plan = plan();
        let job = plan.items[4].clone();
        let needs = vec![plan.items[3].id.clone()];
        plan.items.insert(0, Item { action: Action::Remove, needs, ..job });
        let graph = plan_graph(&plan, GraphForm::Mermaid);
        for line in ["  n4 --> n0\n", "  n3 --> n5\n", "  n4 --> n5\n"] {
            assert!(graph.contains(line), "{graph}");
        }
    }

    #[test]
    fn programs_get_the_graph_as_a_text_with_what_speaks_against_it() {
        let told: serde_json::Value =
            serde_json::from_str(&plan_graph_json(&plan(), GraphForm::Dot).unwrap()).unwrap();
        assert_eq!(
            (&told["language"], &told["graph"]),
            (&json!("dot"), &json!(plan_graph(&plan(), GraphForm::Dot)))
        );
        assert!(told["refusals"].is_array(), "{told}");
    }

    #[test]
    fn no_name_breaks_out_of_its_label() {
        let mut plan = plan();
        plan.items[0].id = Id::new("log", "~/a\"]; click n0 \"x\\\" <b>#quot;\n");
        let mermaid = plan_graph(&plan, GraphForm::Mermaid);
        let node = mermaid.lines().nth(1).unwrap();
        assert_eq!(node.matches('"').count(), 2, "{node}");
        assert!(node.contains("#60;b#62;#35;quot;"), "{node}");
        let dot = plan_graph(&plan, GraphForm::Dot);
        assert!(dot.lines().nth(2).unwrap().contains(r#"a\"]; click n0 \"x\\\" <b>#quot; \nadd: "#), "{dot}");
        plan.items[0].id = Id::new("log", "~/a&lt;b");
        let dot = plan_graph(&plan, GraphForm::Dot);
        assert!(dot.contains("log/~/a&amp;lt;b"), "an entity would be drawn as its character: {dot}");
    }
}
