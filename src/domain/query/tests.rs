use super::{Field, Fields, Query, QueryError, Texts};

/// A row made of nothing but values.
struct Row(&'static [(Field, &'static str)]);

impl Fields for Row {
    fn field(&self, field: Field, each: &mut dyn FnMut(&str)) {
        self.0.iter().filter(|(own, _)| *own == field).for_each(|(_, value)| each(value));
    }

    fn text(&self, out: &mut String) {
        let get = |field| self.0.iter().find(|(own, _)| *own == field).map_or("", |(_, value)| value);
        out.push_str(get(Field::Namespace));
        out.push('/');
        out.push_str(get(Field::Name));
        out.push(' ');
        out.push_str(get(Field::Role).rsplit('/').next().unwrap_or_default());
    }
}

const API: Row = Row(&[
    (Field::Namespace, "payments"),
    (Field::Name, "api"),
    (Field::ServiceAccount, "api-runner"),
    (Field::Role, "arn:aws:iam::111122223333:role/team/Payments-Api"),
    (Field::Node, "ip-10-0-1-7.eu-west-1.compute.internal"),
    (Field::Now, "irsa"),
    (Field::Next, "pod-identity"),
    (Field::State, "at-risk"),
    (Field::Image, "nginx:1.27"),
    (Field::Image, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/api:v2"),
    (Field::Kind, "deploy"),
    (Field::Code, "IRSA-SUB-MISMATCH"),
    (Field::Code, "STATIC-KEYS"),
    (Field::Severity, "error"),
    (Field::Severity, "warning"),
]);

fn matches(filter: &str) -> bool {
    Query::parse(filter).unwrap().matches(&API)
}

fn error(filter: &str) -> QueryError {
    Query::parse(filter).unwrap_err()
}

/// Filters, and whether [`API`] matches.
const EXAMPLES: &[(&str, bool)] = &[
    ("", true),
    ("   ", true),
    ("payments", true),
    ("pymnts", true),
    ("payments/api", true),
    ("pa/ap", true),
    ("search", false),
    ("payments search", false),
    ("PAYMENTS", false),
    ("!search", true),
    ("!payments", false),
    ("ns:payments", true),
    ("ns:pay", true),
    ("ns:PAY", false),
    ("ns:search", false),
    ("!ns:search", true),
    ("!ns:payments", false),
    ("ns:\"payments\"", true),
    ("ns:\"pay\"", false),
    ("ns:'payments'", true),
    ("ns:~^pay", true),
    ("ns:~^ments", false),
    ("!ns:~^pay", false),
    ("~^api", true),
    ("~^api$", true),
    ("~^pay.*s$", true),
    ("~^runner", false),
    ("~runner$", true),
    ("!~^api", false),
    ("~^payments/api", true),
    ("~\"^api$\"", true),
    ("name:api", true),
    ("name:payments/api", true),
    ("name:pay/api", false),
    ("sa:runner", true),
    ("sa:payments/api-runner", true),
    ("sa:payments/runner", false),
    ("!sa:payments/api-runner", false),
    ("sa:search/api-runner", false),
    ("role:api", true),
    ("role:Payments-Api", true),
    ("role:payments-api", true),
    ("role:PAYMENTS", false),
    ("role:team/", true),
    ("role:team", false),
    ("role:arn:aws:iam::111122223333:role/team/Payments-Api", true),
    ("role:~^payments-api$", true),
    ("role:~^arn:aws:iam::1{4}", true),
    ("node:10-0-1-7", true),
    ("now:irsa", true),
    ("now:ir", true),
    ("now:pod-identity", false),
    ("next:pod-identity", true),
    ("next:pod", true),
    ("state:at-risk", true),
    ("state:AT", true),
    ("state:broken", false),
    ("!state:broken !now:none", true),
    ("image:nginx", true),
    ("image:nginx:1.27", true),
    ("image:api:v2", true),
    ("image:redis", false),
    ("kind:deploy", true),
    ("kind:dep", true),
    ("kind:sts", false),
    ("code:IRSA-SUB-MISMATCH", true),
    ("code:irsa-sub", true),
    ("code:KEYS", true),
    ("code:NODE-ROLE-FALLBACK", false),
    ("!code:NODE-ROLE-FALLBACK", true),
    ("!code:static", false),
    ("code:\"IRSA-SUB-MISMATCH\"", true),
    ("code:\"IRSA\"", false),
    ("code:~^IRSA-", true),
    ("code:~^SUB-", false),
    ("severity:error", true),
    ("severity:warn", true),
    ("severity:NOTICE", false),
    ("!severity:notice", true),
    ("ns:pay now:irsa api", true),
    ("ns:pay now:none api", false),
];

#[test]
fn the_language_by_example() {
    for (filter, expected) in EXAMPLES {
        assert_eq!(matches(filter), *expected, "{filter}");
    }
}

#[test]
fn errors_name_their_column_and_what_would_be_right() {
    let table = [
        ("pod:api", 1, "unknown field `pod:`"),
        ("api nss:pay", 5, "unknown field `nss:`; did you mean `ns:`?"),
        ("é nss:pay", 3, "did you mean `ns:`?"),
        ("!foo:x", 2, "unknown field `foo:`; there are ns: sa: role:"),
        ("state:brokn", 7, "`state:` knows no `brokn`; it knows broken, at-risk"),
        ("severity:fatal", 10, "`severity:` knows no `fatal`; it knows error, warning, notice"),
        ("cod:X", 1, "unknown field `cod:`; did you mean `code:`?"),
        ("ns:a now:iam", 10, "`now:` knows no `iam`; it knows pod-identity, irsa"),
        ("ns:~[a", 5, "broken regular expression: unclosed character class"),
        ("~(", 2, "broken regular expression: unclosed group"),
    ];
    for (filter, column, message) in table {
        let error = error(filter);
        assert_eq!(error.column, column, "{filter}: {error}");
        assert!(error.message.contains(message), "{filter}: {error}");
        assert!(!error.incomplete, "{filter}");
    }
}

#[test]
fn a_filter_that_ends_too_early_is_told_apart_from_a_wrong_one() {
    let table = [
        ("ns:", 1, "`ns:` needs a value"),
        ("api ns:", 5, "`ns:` needs a value"),
        ("~", 1, "`~` needs a regular expression"),
        ("!", 2, "`!` needs a term to negate"),
        ("ns:\"pay", 4, "the quote \" is not closed"),
        ("'a b", 1, "the quote ' is not closed"),
    ];
    for (filter, column, message) in table {
        let error = error(filter);
        assert_eq!((error.column, error.message.as_str(), error.incomplete), (column, message, true), "{filter}");
    }
}

#[test]
fn a_quoted_word_is_literal_and_may_hold_spaces_and_quotes() {
    assert!(matches("\"payments/api\""));
    assert!(!matches("\"pymnts\""));
    assert!(matches("\"api Payments-Api\""));
    assert!(!matches(r#""a\"b""#));
}

#[test]
fn a_pasted_arn_is_a_word() {
    assert!(Query::parse("arn:aws:iam::111122223333:role/api").is_ok());
}

#[test]
fn an_enormous_expression_is_refused_instead_of_compiled() {
    let error = error("~(a{1000}){1000}");
    assert!(error.message.contains("broken regular expression"), "{error}");
}

#[test]
fn a_fuzzy_word_stays_within_one_segment() {
    let row = Row(&[(Field::Namespace, "a"), (Field::Name, "b"), (Field::Role, "arn:aws:iam::1:role/cde")]);
    assert!(!Query::parse("abc").unwrap().matches(&row));
    assert!(Query::parse("ce").unwrap().matches(&row));
}

/// Begin and end of what is marked in a cell.
fn marked(filter: &str, cell: &str, field: Field) -> Vec<(usize, usize)> {
    let ranges = Query::parse(filter).unwrap().highlights(cell, Some(field));
    ranges.into_iter().map(|range| (range.start, range.end)).collect()
}

#[test]
fn highlights_are_the_bytes_that_match() {
    let filter = "pai ns:ments !name:x";
    assert_eq!(marked(filter, "payments", Field::Namespace), [(3, 8)]);
    assert_eq!(marked(filter, "payments-api", Field::Name), [(0, 2), (11, 12)]);
    assert_eq!(marked(filter, "größe", Field::Name), []);
    assert_eq!(marked("~^api", "api-7c9d", Field::Name), [(0, 3)]);
    assert_eq!(marked("now:ir", "irsa", Field::Now), [(0, 2)]);
    assert_eq!(marked("now:ir", "irsa", Field::Next), []);
}

#[test]
fn an_empty_filter_matches_and_says_so() {
    let query = Query::parse(" ").unwrap();
    assert!(query.is_empty());
    assert!(query.matches(&API));
    assert!(Query::parse("image:x").unwrap().asks(Field::Image));
    assert!(!Query::parse("image:x").unwrap().asks(Field::Node));
}

#[test]
fn texts_that_were_kept_answer_as_the_row_itself() {
    let other = Row(&[(Field::Namespace, "Größe"), (Field::Name, "web"), (Field::Role, "arn:aws:iam::1:role/R")]);
    let mut texts = Texts::default();
    texts.push(&other);
    texts.push(&API);
    for (filter, expected) in EXAMPLES {
        let query = Query::parse(filter).unwrap();
        assert_eq!(query.keeps(&API, texts.of(1)), *expected, "{filter}");
        assert_eq!(query.keeps(&other, texts.of(0)), query.matches(&other), "{filter}");
    }
    assert!(Query::parse("groe").unwrap().keeps(&other, texts.of(0)), "a letter stands for its accented ones");
}

/// What was typed, what it became, and whether no row can come back with it.
const TYPED: &[(&str, &str, bool)] = &[
    ("", "p", true),
    ("p", "pa", true),
    ("pa", "pA", false),
    ("pa", "paY", true),
    ("pa", "p", false),
    ("pa", "pb", false),
    ("pa", "pa s", true),
    ("pa", "now:irsa", false),
    ("ns:pa", "ns:pay", true),
    ("ns:pa", "sa:pay", false),
    ("ns:pa", "ns:\"pa\"", false),
    ("sa:pay", "sa:pay/", false),
    ("role:a", "role:ap", true),
    ("role:team", "role:team/", false),
    ("role:team/", "role:team/P", true),
    ("now:i", "now:ir", true),
    ("!p", "!pa", false),
    ("!pa", "!p", true),
    ("!pa", "pa", false),
    ("~^a p", "~^a pa", true),
    ("~a", "~ab", false),
    ("ns:\"a\" p", "ns:\"a\" pa", true),
    ("\"pay\"", "\"paym\"", true),
    ("sa:a/b p", "sa:a/b pa", true),
];

#[test]
fn a_filter_that_was_extended_narrows_what_is_there() {
    for (before, after, expected) in TYPED {
        let (before, after) = (Query::parse(before).unwrap(), Query::parse(after).unwrap());
        assert_eq!(after.narrows(&before), *expected, "{before} -> {after}");
    }
}

#[test]
fn what_narrows_keeps_no_row_that_was_not_kept_before() {
    for (wide, _) in EXAMPLES {
        for (narrow, kept) in EXAMPLES {
            let (wide, narrow) = (Query::parse(wide).unwrap(), Query::parse(narrow).unwrap());
            assert!(!narrow.narrows(&wide) || !*kept || wide.matches(&API), "{wide} -> {narrow}");
        }
    }
}
