//! Finds the route of the API for a request.
//!
//! As in an HTTP API, the most specific route wins, and `{name+}` takes the whole rest of the path. `$default` routes
//! are not imitated.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::error::StartError;

/// One segment of a route's path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Fixed(String),
    Variable(String),
    Rest(String),
}

/// The routes of an API, each with its target.
#[derive(Clone, Debug)]
pub(crate) struct Routes<T> {
    routes: Vec<(String, Vec<Segment>, T)>,
}

/// A matching route and the values of its path variables.
pub(crate) struct Match<'r, T> {
    pub(crate) target: &'r T,
    pub(crate) path_parameters: BTreeMap<String, String>,
}

impl<T> Routes<T> {
    /// Routes given as (method, path, target), with the path as in the template.
    pub(crate) fn new(routes: impl IntoIterator<Item = (String, String, T)>) -> Result<Self, StartError> {
        let mut known: Vec<(String, Vec<Segment>, T)> = Vec::new();
        for (method, path, target) in routes {
            let segments = segments(&path)?;
            if known.iter().any(|(other, shape, _)| *other == method && *shape == segments) {
                return Err(StartError::new(format!("template.yaml has the route {method} {path} twice")));
            }
            known.push((method, segments, target));
        }
        // The most specific route first: segment by segment, a fixed one beats a variable, which beats the rest of the
        // path.
        known.sort_by_key(|(method, segments, _)| {
            let weights = segments.iter().map(|segment| match segment {
                Segment::Fixed(_) => 0,
                Segment::Variable(_) => 1,
                Segment::Rest(_) => 2,
            });
            (weights.collect::<Vec<_>>(), method == "ANY")
        });
        Ok(Self { routes: known })
    }

    /// The route for a request. `path` is still percent-encoded.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<Match<'_, T>> {
        let path: Vec<String> = path.strip_prefix('/')?.split('/').map(decode).collect();
        self.routes.iter().filter(|(of, ..)| of == method || of == "ANY").find_map(|(_, segments, target)| {
            matches(segments, &path).map(|path_parameters| Match { target, path_parameters })
        })
    }
}

fn segments(path: &str) -> Result<Vec<Segment>, StartError> {
    let wrong = || StartError::new(format!("the local stack can't serve the route {path} of template.yaml"));
    let mut segments = Vec::new();
    for part in path.strip_prefix('/').ok_or_else(wrong)?.split('/') {
        if matches!(segments.last(), Some(Segment::Rest(_))) {
            return Err(wrong());
        }
        segments.push(match part.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
            Some(variable) => match variable.strip_suffix('+') {
                Some(variable) => Segment::Rest(variable.to_owned()),
                None => Segment::Variable(variable.to_owned()),
            },
            None => Segment::Fixed(part.to_owned()),
        });
    }
    Ok(segments)
}

fn matches(segments: &[Segment], path: &[String]) -> Option<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    let mut rest = path;
    for segment in segments {
        let (first, behind) = rest.split_first()?;
        match segment {
            Segment::Fixed(text) if text == first => {}
            Segment::Fixed(_) => return None,
            Segment::Variable(_) if first.is_empty() => return None,
            Segment::Variable(name) => {
                parameters.insert(name.clone(), first.clone());
            }
            Segment::Rest(name) => {
                parameters.insert(name.clone(), rest.join("/"));
                return Some(parameters);
            }
        }
        rest = behind;
    }
    rest.is_empty().then_some(parameters)
}

/// Percent-decodes the text. Invalid UTF-8 is replaced, because a string can't hold it.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(method: &str, path: &str) -> Option<(&'static str, Vec<(String, String)>)> {
        let routes = [
            ("GET", "/a/{x}", "variable"),
            ("GET", "/a/b", "fixed"),
            ("POST", "/a/{x}/c", "inner"),
            ("ANY", "/any/{rest+}", "rest"),
        ];
        let routes = routes.map(|(method, path, target)| (method.to_owned(), path.to_owned(), target));
        let routes = Routes::new(routes).unwrap();
        routes.find(method, path).map(|found| (*found.target, found.path_parameters.into_iter().collect()))
    }

    fn parameter(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn a_fixed_segment_wins_over_a_variable() {
        assert_eq!(find("GET", "/a/b"), Some(("fixed", vec![])));
        assert_eq!(find("GET", "/a/z"), Some(("variable", parameter("x", "z"))));
    }

    #[test]
    fn a_variable_takes_one_segment_and_is_percent_decoded() {
        assert_eq!(find("POST", "/a/1%202%2F3/c"), Some(("inner", parameter("x", "1 2/3"))));
        assert_eq!(find("POST", "/a/1/2/c"), None);
        assert_eq!(find("POST", "/a//c"), None);
    }

    #[test]
    fn another_method_or_a_longer_path_is_no_match() {
        assert_eq!(find("HEAD", "/a/b"), None);
        assert_eq!(find("POST", "/a/b"), None);
        assert_eq!(find("GET", "/a/b/"), None);
        assert_eq!(find("GET", "/"), None);
    }

    #[test]
    fn the_rest_of_a_path_may_have_slashes() {
        assert_eq!(find("PUT", "/any/x/y"), Some(("rest", parameter("rest", "x/y"))));
    }

    #[test]
    fn the_same_route_twice_is_an_error() {
        let route = || ("GET".to_owned(), "/a".to_owned(), ());
        assert!(Routes::new([route(), route()]).is_err());
    }
}
