//! The section `python`: what is taken of names, paths, versions and packages, and how every fault is told.

use super::{LEAST, fault, good, read, told};

fn with(section: &str) -> String {
    format!("{LEAST}python:\n{section}")
}

#[test]
fn an_environment_is_a_folder_a_version_and_packages() {
    let stack = good(&with(
        "  lab:\n    path: ~/forge/lab/.venv\n    version: \"3.11\"\n    packages: [mlx, \"mlx_lm >= 0.31\", 'huggingface_hub[cli,mcp]']\n  bare: {path: /Users/lab/x, version: 3.12.9}\n",
    ));
    let python = stack.manifest.python.unwrap().0;
    let told: Vec<String> = python["lab"].packages.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["mlx", "mlx-lm>=0.31", "huggingface-hub[cli,mcp]"]);
    assert_eq!((python["bare"].version.minor(), python["bare"].packages.len()), ("3.12", 0));
}

#[test]
fn every_fault_is_told_at_its_place() {
    let text = with(
        "  My_Lab: {path: ~/a, version: \"3.11\"}\n  lab:\n    path: forge/lab\n    version: 3.11\n    packages:\n      - mlx @ https://example.org/mlx.whl\n      - mlx 0.31\n      - \"mlx; sys_platform == 'darwin'\"\n      - -e .\n  other: {pth: ~/b, version: \"2.7\"}\n  third: {version: \"3.11\"}\n",
    );
    assert_eq!(
        told(&text),
        [
            "6:3 My_Lab: wrong key of `python`: `My_Lab`",
            "8:11 forge/lab: wrong value of `python.lab.path`: `forge/lab`",
            "9:14 3.11: wrong value of `python.lab.version`: `3.11`",
            "11:9 mlx @ https://example.org/mlx.whl: wrong value of `python.lab.packages[0]`: `mlx @ https://example.org/mlx.whl`",
            "12:9 mlx 0.31: wrong value of `python.lab.packages[1]`: `mlx 0.31`",
            "13:9 \"mlx; sys_platform == 'darwin'\": wrong value of `python.lab.packages[2]`: `mlx; sys_platform == 'darwin'`",
            "14:9 -e .: wrong value of `python.lab.packages[3]`: `-e .`",
            "15:11 pth: unknown key of `python.other`: `pth`",
            "15:30 \"2.7\": wrong value of `python.other.version`: `2.7`",
            "16:3 third: missing key of `python.third`: `path`",
        ]
    );
    let hints: Vec<String> = read(&text).unwrap_err().iter().map(|problem| problem.hints.concat()).collect();
    assert!(
        hints[0].contains("`my-lab`") && hints[1].contains("`~/forge/lab`") && hints[7].contains("`path`"),
        "{hints:?}"
    );
    let whys: Vec<String> = read(&text).unwrap_err().iter().map(|problem| problem.why.concat()).collect();
    assert!(whys[2].contains("a version in quotes such as `\"3.11\"`"), "{}", whys[2]);
    assert!(whys[3].contains("URLs and paths are not taken") && whys[5].contains("conditions"), "{whys:?}");
}

#[test]
fn what_is_told_twice_is_refused() {
    let twice = fault(&with(
        "  lab: {path: ~/a, version: \"3.11\", packages: [huggingface_hub, mlx, Huggingface.Hub>=1]}\n",
    ));
    assert_eq!(twice.what, "package named twice: `huggingface-hub`");
    assert!(twice.why.concat().contains("stack.yaml:6:"), "{twice:?}");
    for other in ["~/a", "~/a/", "~/./a", "~/a/b"] {
        let text = with(&format!(
            "  a: {{path: ~/a, version: \"3.11\"}}\n  b: {{path: {other}, version: \"3.12\"}}\n"
        ));
        let problem = fault(&text);
        assert!(problem.what.starts_with("two environments in one place"), "{other}: {problem:?}");
        assert_eq!(problem.span.as_ref().map(|span| span.text()), Some(other));
    }
}
