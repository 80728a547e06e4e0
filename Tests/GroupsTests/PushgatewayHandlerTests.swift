import Exposition
import Kernel
import Testing

@testable import Groups

struct GroupDoorTests {
    private let ingestor = PushgatewayHandler(GroupStore())

    private func send(
        _ method: GroupMethod, path: String, body: String = "", ttl: [String] = [],
        aggregate: [String] = [], at seconds: Double = 0
    ) -> GroupAnswer {
        ingestor.answer(
            method, path: path.utf8Span.span, ttl: ttl, aggregate: aggregate,
            body: body.utf8Span.span, at: moment(seconds))
    }

    /// The page after the expiry of what is due at `seconds`.
    private func page(at seconds: Double = 0) -> [String] {
        ingestor.store.expire(ingestor.store.expired(at: moment(seconds)))
        return ingestor.store.page.split(separator: "\n").map(String.init)
    }

    /// The page without its remarks and the groups' times.
    private func samples(at seconds: Double = 0) -> [String] {
        page(at: seconds).filter { !$0.hasPrefix("#") && !$0.hasPrefix("push_") }
    }

    @Test func `a group shows its samples with its labels, and its two times`() {
        #expect(
            send(.put, path: "/metrics/job/j/instance/i", body: "# TYPE x counter\nx{a=\"1\"} 3\n")
                .status
                == 200)
        #expect(
            page() == [
                "# HELP push_failure_time_seconds Last Unix time when changing this group in the Pushgateway failed.",
                "# TYPE push_failure_time_seconds gauge",
                "push_failure_time_seconds{instance=\"i\",job=\"j\"} 0",
                "# HELP push_time_seconds Last Unix time when changing this group in the Pushgateway succeeded.",
                "# TYPE push_time_seconds gauge",
                "push_time_seconds{instance=\"i\",job=\"j\"} 1.7e+09",
                "# TYPE x counter",
                "x{a=\"1\",instance=\"i\",job=\"j\"} 3",
            ])
    }

    @Test func `a PUT replaces the group, a POST the families that it names`() {
        _ = send(.put, path: "/metrics/job/j", body: "x 1\nx{a=\"1\"} 2\ny 3\n")
        _ = send(.post, path: "/metrics/job/j", body: "x{a=\"2\"} 4\n")
        #expect(
            samples() == [
                "x{a=\"2\",instance=\"\",job=\"j\"} 4", "y{instance=\"\",job=\"j\"} 3",
            ])
        _ = send(.put, path: "/metrics/job/j", body: "z 5\n")
        #expect(samples() == ["z{instance=\"\",job=\"j\"} 5"])
        #expect(ingestor.store.counts.series == 1)
    }

    @Test func `an empty PUT clears a group and an empty POST renews its time`() {
        _ = send(.put, path: "/metrics/job/j", body: "x 1\n")
        #expect(send(.put, path: "/metrics/job/j", body: "", at: 1).status == 200)
        #expect(samples().isEmpty)
        #expect(page().contains("push_time_seconds{instance=\"\",job=\"j\"} 1.700000001e+09"))
        #expect(send(.post, path: "/metrics/job/j", body: "", at: 2).status == 200)
        #expect(page().contains("push_time_seconds{instance=\"\",job=\"j\"} 1.700000002e+09"))
    }

    @Test func `a deleted group is gone with its times, and a missing one is no mistake`() {
        _ = send(.put, path: "/metrics/job/j", body: "x 1\n")
        #expect(send(.delete, path: "/metrics/job/j").status == 202)
        #expect(page().isEmpty)
        #expect(send(.delete, path: "/metrics/job/j").status == 202)
        #expect(send(.put, path: "/metrics/job/j", body: "x 1\n").status == 200)
    }

    @Test func `the two times cannot be pushState`() {
        _ = send(
            .put, path: "/metrics/job/j", body: "push_time_seconds 5\npush_failure_time_seconds 6\n"
        )
        #expect(page().contains("push_time_seconds{instance=\"\",job=\"j\"} 1.7e+09"))
        #expect(page().contains("push_failure_time_seconds{instance=\"\",job=\"j\"} 0"))
    }

    @Test func `a refused push changes nothing but the time of failure`() {
        _ = send(.put, path: "/metrics/job/j", body: "x 1\n")
        let answer = send(.put, path: "/metrics/job/j", body: "x 2\nx 3\n", at: 5)
        #expect(answer.status == 400)
        #expect(
            answer.sentence
                == "pushed metrics are invalid or inconsistent with existing metrics: collected metric x{instance=\"\",job=\"j\"} was collected before with the same name and label values"
        )
        #expect(samples() == ["x{instance=\"\",job=\"j\"} 1"])
        #expect(page().contains("push_time_seconds{instance=\"\",job=\"j\"} 1.7e+09"))
        #expect(
            page().contains("push_failure_time_seconds{instance=\"\",job=\"j\"} 1.700000005e+09"))
        #expect(send(.put, path: "/metrics/job/j", body: "x 4\n").status == 200)
        #expect(ingestor.store.counts.refused[.duplicate] == 1)
    }

    @Test func `a group whose first push is refused shows when`() {
        #expect(send(.put, path: "/metrics/job/j", body: "x 1 12\n", at: 5).status == 400)
        #expect(page().contains("push_time_seconds{instance=\"\",job=\"j\"} 0"))
        #expect(
            page().contains("push_failure_time_seconds{instance=\"\",job=\"j\"} 1.700000005e+09"))
        #expect(send(.put, path: "/metrics/job/k", body: "x").status == 400)
        #expect(!page().contains { $0.contains("job=\"k\"") })
    }

    @Test func `series of other groups are not pushState twice`() {
        _ = send(.put, path: "/metrics/job/j/a/1", body: "x 1\n")
        #expect(send(.put, path: "/metrics/job/j", body: "x{a=\"1\"} 2\n").status == 400)
        #expect(send(.put, path: "/metrics/job/j", body: "x{a=\"2\"} 2\n").status == 200)
        // An empty label equals a missing one, so this is the same group a second time.
        #expect(send(.put, path: "/metrics/job/j/b@base64/=", body: "x{a=\"2\"} 2\n").status == 400)
        #expect(samples().count == 2)
    }

    @Test func `a name has one type in all groups`() {
        _ = send(.put, path: "/metrics/job/a", body: "# TYPE x counter\nx 1\n")
        #expect(send(.put, path: "/metrics/job/b", body: "# TYPE x gauge\nx 1\n").status == 400)
        #expect(send(.put, path: "/metrics/job/a", body: "# TYPE x gauge\nx 1\n").status == 200)
        #expect(send(.put, path: "/metrics/job/b", body: "# TYPE x gauge\nx 1\n").status == 200)
        #expect(send(.post, path: "/metrics/job/b", body: "x 1\n").status == 400)
    }

    @Test func `names that a histogram takes cannot be another's`() {
        let histogram = "# TYPE t histogram\nt_count 1\n"
        #expect(send(.put, path: "/metrics/job/a", body: histogram).status == 200)
        #expect(send(.put, path: "/metrics/job/b", body: "t_count 1\n").status == 400)
        #expect(send(.put, path: "/metrics/job/b", body: "t_bucket 1\n").status == 400)
        #expect(send(.put, path: "/metrics/job/b", body: "t_counts 1\n").status == 200)
        #expect(send(.put, path: "/metrics/job/b", body: "s_sum 1\n").status == 200)
        #expect(
            send(.put, path: "/metrics/job/c", body: "# TYPE s summary\ns_count 1\n").status == 400)
        #expect(send(.put, path: "/metrics/job/b", body: "").status == 200)
        #expect(
            send(.put, path: "/metrics/job/c", body: "# TYPE s summary\ns_count 1\n").status == 200)
    }

    @Test func `a family of the machine keeps its type`() {
        let own = Family("up", kind: .gauge, help: nil)
        ingestor.store.reserve([own.identity: .gauge])
        #expect(send(.put, path: "/metrics/job/a", body: "# TYPE up counter\nup 1\n").status == 400)
        #expect(send(.put, path: "/metrics/job/a", body: "# TYPE up gauge\nup 1\n").status == 200)
    }

    @Test func `the type of a family of the machine counts also where a group has another one`() {
        #expect(send(.put, path: "/metrics/job/a", body: "# TYPE up counter\nup 1\n").status == 200)
        let own = Family("up", kind: .gauge, help: nil)
        ingestor.store.reserve([own.identity: .gauge])
        // Neither the group that has it alone nor another one may push the other type again.
        for job in ["a", "b"] {
            #expect(
                send(.post, path: "/metrics/job/\(job)", body: "# TYPE up counter\nup 1\n").status
                    == 400)
            #expect(
                send(.post, path: "/metrics/job/\(job)", body: "# TYPE up gauge\nup 1\n").status
                    == 200)
        }
    }

    @Test func `counters and histograms add up, gauges are replaced`() {
        let body = """
            # TYPE c_total counter
            c_total{w="1"} 2
            # TYPE c_created gauge
            c_created 1e9
            # TYPE g gauge
            g 7
            # TYPE t histogram
            t_bucket{le="1"} 1
            t_bucket{le="+Inf"} 2
            t_sum 5.5
            t_count 2

            """
        for _ in 0..<3 {
            #expect(
                send(.post, path: "/metrics/job/j", body: body, aggregate: ["sum"]).status == 200)
        }
        let other = send(
            .post, path: "/metrics/job/j", body: "# TYPE c_total counter\nc_total{w=\"2\"} 1\n",
            aggregate: ["sum"])
        #expect(other.status == 200)
        #expect(
            samples() == [
                "c_total{instance=\"\",job=\"j\",w=\"1\"} 6",
                "c_total{instance=\"\",job=\"j\",w=\"2\"} 1",
                "g{instance=\"\",job=\"j\"} 7",
                "t_bucket{instance=\"\",job=\"j\",le=\"1.0\"} 3",
                "t_bucket{instance=\"\",job=\"j\",le=\"+Inf\"} 6",
                "t_sum{instance=\"\",job=\"j\"} 16.5", "t_count{instance=\"\",job=\"j\"} 6",
            ])
        #expect(ingestor.store.counts.series == 7)
    }

    @Test(arguments: [
        "# TYPE s summary\ns_count 1\n", "# TYPE c counter\nc -1\n", "# TYPE c counter\nc NaN\n",
        "# TYPE t histogram\nt_bucket{le=\"2\"} 1\nt_count 1\n",
        "# TYPE t histogram\nt_count 1\n",
    ])
    func `what does not add up is refused`(body: String) {
        let first = "# TYPE t histogram\nt_bucket{le=\"1\"} 1\nt_count 1\n"
        #expect(send(.post, path: "/metrics/job/j", body: first, aggregate: ["sum"]).status == 200)
        #expect(send(.post, path: "/metrics/job/j", body: body, aggregate: ["sum"]).status == 400)
        #expect(ingestor.store.counts.refused[.aggregate] == 1)
        #expect(samples().count == 4)
    }

    @Test func `sums are for POST, and only sums`() {
        #expect(send(.put, path: "/metrics/job/j", body: "x 1\n", aggregate: ["sum"]).status == 400)
        #expect(
            send(.post, path: "/metrics/job/j", body: "x 1\n", aggregate: ["max"]).status == 400)
        #expect(page().isEmpty)
    }

    @Test func `a group ends after its time unless it is pushed again`() {
        _ = send(.put, path: "/metrics/job/j", body: "x 1\n", ttl: ["10"])
        _ = send(.put, path: "/metrics/job/k", body: "x 1\n")
        #expect(samples(at: 9).count == 2)
        _ = send(.post, path: "/metrics/job/j", body: "", ttl: ["10"], at: 9)
        #expect(samples(at: 18).count == 2)
        #expect(samples(at: 19.3) == ["x{instance=\"\",job=\"k\"} 1"])
        #expect(!page(at: 20).contains { $0.contains("job=\"j\"") })
        #expect(ingestor.store.counts.expired == 1)
    }

    @Test func `groups live as long as the settings say when a push does not`() {
        var limits = GroupLimits()
        limits.timeToLive = .seconds(5)
        ingestor.store.setLimits(limits)
        _ = send(.put, path: "/metrics/job/j", body: "x 1\n")
        _ = send(.put, path: "/metrics/job/k", body: "x 1\n", ttl: ["0"])
        #expect(samples(at: 6) == ["x{instance=\"\",job=\"k\"} 1"])
    }

    @Test(arguments: ["-1", "NaN", "1e99", "5m", "", "1 "])
    func `a life that is no number of seconds is refused`(ttl: String) {
        #expect(send(.put, path: "/metrics/job/j", body: "x 1\n", ttl: [ttl]).status == 400)
        #expect(page().isEmpty)
    }

    @Test func `limits of groups and series are answered with 429 and counted`() {
        var limits = GroupLimits()
        limits.groups = 2
        limits.groupSeries = 2
        limits.series = 3
        ingestor.store.setLimits(limits)
        #expect(send(.put, path: "/metrics/job/a", body: "x 1\ny 1\nz 1\n").status == 429)
        #expect(send(.put, path: "/metrics/job/a", body: "x 1\ny 1\n").status == 200)
        #expect(send(.put, path: "/metrics/job/b", body: "x 1\ny 1\n").status == 429)
        #expect(send(.put, path: "/metrics/job/b", body: "x 1\n").status == 200)
        #expect(send(.put, path: "/metrics/job/c", body: "").status == 429)
        #expect(send(.put, path: "/metrics/job/a", body: "x 2\ny 2\n").status == 200)
        #expect(ingestor.store.counts.refused == [.seriesLimit: 2, .groupLimit: 1])
        #expect(ingestor.store.counts.series == 3)
    }

    @Test func `a body that costs too much CPU time is ended with 413 and counted`() {
        var limits = GroupLimits()
        limits.readingTime = .zero
        ingestor.store.setLimits(limits)
        let body = (0..<2_000).map { "x{a=\"\($0)\"} 1\n" }.joined()
        let answer = send(.put, path: "/metrics/job/a", body: body)
        #expect(answer.status == 413 && answer.sentence.hasPrefix("body_too_costly"))
        #expect(ingestor.store.counts.refused == [.cost: 1])
        #expect(ingestor.store.counts.groups == 0)
        limits.readingTime = .seconds(3_600)
        ingestor.store.setLimits(limits)
        #expect(send(.put, path: "/metrics/job/a", body: body).status == 200)
    }

    @Test func `bytes are counted whatever they are made of, and given back`() {
        var limits = GroupLimits()
        limits.bytes = 10_000
        ingestor.store.setLimits(limits)
        let long = String(repeating: "l", count: 900)
        #expect(send(.put, path: "/metrics/job/a", body: "x{a=\"\(long)\"} 1\n").status == 200)
        let taken = ingestor.store.counts.bytes
        #expect(taken > 900)
        #expect(send(.put, path: "/metrics/job/a", body: "x{a=\"\(long)\"} 2\n").status == 200)
        #expect(ingestor.store.counts.bytes == taken)
        for body in [
            "# HELP y \(long)\(long)\(long)\(long)\ny 1\n",
            "x{a=\"\(long)\",b=\"\(long)\",c=\"\(long)\",d=\"\(long)\"} 1\n",
        ] {
            #expect(send(.post, path: "/metrics/job/a", body: body).status == 429)
        }
        #expect(send(.put, path: "/metrics/job/\(long)/b/\(long)", body: "").status == 429)
        #expect(ingestor.store.counts.refused == [.byteLimit: 3])
        #expect(send(.delete, path: "/metrics/job/a").status == 202)
        #expect(ingestor.store.counts.bytes == 0)
        #expect(ingestor.store.counts.groups == 0)
    }

    @Test func `paths that are no group's are answered as Pushgateway does`() {
        #expect(send(.put, path: "/metrics/instance/i", body: "x 1\n").status == 404)
        #expect(send(.put, path: "/metrics/job/j/a", body: "x 1\n").status == 400)
        #expect(send(.put, path: "/metrics/job//j", body: "x 1\n").location == "/metrics/job/j")
        #expect(send(.delete, path: "/metrics/job/j/a").status == 400)
    }
}

struct BodyFormTests {
    @Test(arguments: [
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
        "Application/Vnd.google.protobuf;encoding=\"delimited\" ;PROTO=io.prometheus.client.MetricFamily",
    ])
    func `delimited metric families are protobuf`(type: String) {
        #expect(BodyFormat(contentType: type.utf8Span.span) == .protobuf)
    }

    @Test(arguments: [
        "text/plain", "", "application/vnd.google.protobuf",
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text",
        "application/json; encoding=delimited; proto=io.prometheus.client.MetricFamily",
    ])
    func `everything else is text`(type: String) {
        #expect(BodyFormat(contentType: type.utf8Span.span) == .text)
        #expect(BodyFormat(contentType: nil) == .text)
    }
}
