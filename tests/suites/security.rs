//! SECURITY.md names a test for each defence, and must not name one that has been renamed or removed.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// All Rust files below a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

#[test]
fn every_test_that_security_md_names_is_there() {
    let root = Path::new(ROOT);
    let page = read_to_string(root.join("SECURITY.md")).unwrap();
    let rows = page.lines().filter(|line| line.ends_with("✂ |"));
    let code = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let names: Vec<(&str, &str)> = code.filter_map(|code| code.rsplit_once("::")).collect();
    assert!(names.len() > 50, "{names:?}");
    for (module, name) in names {
        // A unit test's module ends in `tests`. Any file of the library may hold it: finding out which is not worth the
        // effort.
        let files = match module.strip_suffix("::tests") {
            Some(_) => sources(&root.join("shared/src")),
            None => vec![root.join(format!("tests/suites/{module}.rs"))],
        };
        let is_there = |path: &PathBuf| {
            let text = read_to_string(path).unwrap_or_default();
            if name == "*" { text.contains("fn ") } else { text.contains(&format!("fn {name}(")) }
        };
        assert!(files.iter().any(is_there), "{module}::{name}");
    }
}
