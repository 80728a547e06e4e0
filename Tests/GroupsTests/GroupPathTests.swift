import Exposition
import Testing

@testable import Groups

struct GroupPathTests {
    private func path(_ text: String, limits: LabelLimits = LabelLimits()) -> GroupPath {
        GroupPath(text.utf8Span.span, limits: limits)
    }

    private func key(_ labels: (name: String, value: String)...) -> GroupPath {
        .group(GroupingKey(labels))
    }

    @Test func `a job and pairs of labels make a group`() {
        #expect(path("/metrics/job/j") == key(("job", "j")))
        #expect(path("/metrics/job/j/") == key(("job", "j")))
        #expect(
            path("/metrics/job/j/instance/a b+c/zone/")
                == key(("job", "j"), ("instance", "a b+c"), ("zone", "")))
    }

    @Test func `values in base64 are decoded, padded or not`() {
        #expect(path("/metrics/job@base64/ZmlzaC8") == key(("job", "fish/")))
        #expect(path("/metrics/job@base64/ZmlzaC8=") == key(("job", "fish/")))
        #expect(path("/metrics/job/j/a@base64/=") == key(("job", "j"), ("a", "")))
        #expect(path("/metrics/job/j/a@base64/_-8=") != key(("job", "j"), ("a", "")))
    }

    @Test func `of two labels with one name the last counts, but the job of the path wins`() {
        #expect(
            path("/metrics/job/j/a/1/a/2/job/other") == key(("job", "j"), ("a", "2")))
    }

    @Test(arguments: [
        ("/metrics/job/j/a", "odd number of components in label string \"/a\""),
        ("/metrics/job/j/__a/1", "improper label name \"__a\""),
        ("/metrics/job/j/a-b/1", "improper label name \"a-b\""),
        ("/metrics/job/j/dotted.key/1", "improper label name \"dotted.key\""),
        ("/metrics/job@base64/=", "job name is required"),
        (
            "/metrics/job@base64/a.b",
            "invalid base64 encoding in job name \"a.b\": illegal base64 data at input byte 1"
        ),
        (
            "/metrics/job/j/a@base64/abcde",
            "invalid base64 encoding for label a=\"abcde\": illegal base64 data at input byte 4"
        ),
        ("/metrics/job@base64/_w==", "the value of label \"job\" is not UTF-8"),
    ])
    func `an invalid group path is refused with its error`(text: String, sentence: String) {
        #expect(path(text) == .refused(sentence))
    }

    @Test(arguments: ["/", "/metrics", "/metrics/instance/i/job/j", "/metrics/jobs/j", "/x"])
    func `other paths are no group's`(text: String) {
        #expect(path(text) == .unknown)
    }

    @Test func `empty segments lead to the clean path`() {
        #expect(
            path("/metrics/job/j//a/b c") == .redirect("/metrics/job/j/a/b%20c", status: 301))
        #expect(
            path("/metrics/job/j/a/../b/./1") == .redirect("/metrics/job/j/b/1", status: 301))
        #expect(path("/metrics/job/j/..") == .redirect("/metrics/job/", status: 301))
        #expect(path("/metrics/job//") == .redirect("/metrics/job/", status: 301))
        #expect(path("/metrics/job/") == .redirect("/metrics/job", status: 307))
    }

    @Test func `limits of labels hold in paths`() {
        var limits = LabelLimits()
        limits.labels = 3
        limits.valueBytes = 4
        #expect(path("/metrics/job/j/a/1", limits: limits) == key(("job", "j"), ("a", "1")))
        #expect(
            path("/metrics/job/j/a/1/b/2", limits: limits)
                == .refused("3 labels in the path, more than 2"))
        #expect(
            path("/metrics/job/jjjjj", limits: limits)
                == .refused(
                    "label \"job\" is too long: at most 255 bytes of name and 4 of value"))
    }
}
