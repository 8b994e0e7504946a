//! What is asked of EC2, and what its errors are read as.

use pretty_assertions::assert_eq;

use super::*;

#[test]
fn a_request_is_a_form_with_action_and_version_first() {
    let parameters = vec![("Filter.1.Name".to_owned(), "vpc-id".to_owned()), ("A".to_owned(), "a b&c".to_owned())];
    let request = request("DescribeVpcEndpoints", &parameters).unwrap();
    let body = std::str::from_utf8(request.body().bytes().unwrap()).unwrap();
    assert_eq!(body, "Action=DescribeVpcEndpoints&Version=2016-11-15&Filter.1.Name=vpc-id&A=a%20b%26c");
    assert_eq!(request.method(), "POST");
}

#[test]
fn an_error_document_gives_code_message_and_request_id() {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>UnauthorizedOperation</Code>\
        <Message>You are not authorized &amp; so on.</Message></Error></Errors><RequestID>r-1</RequestID></Response>";
    let refusal = read(text, None);
    assert_eq!(refusal.code(), Some("UnauthorizedOperation"));
    assert_eq!(refusal.message(), Some("You are not authorized & so on."));
    assert_eq!(refusal.extra("aws_request_id"), Some("r-1"));
    assert_eq!(read(text, Some("r-2")).extra("aws_request_id"), Some("r-2"));
}

#[test]
fn an_answer_that_is_no_error_document_has_no_code() {
    assert_eq!(read("<html>proxy</html>", None).code(), None);
    assert_eq!(read("", None).code(), None);
}
