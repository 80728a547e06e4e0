import Exposition
import Kernel
import Testing

@testable import Groups

struct GroupImageTests {
    private func decode(_ bytes: ArraySlice<UInt8>) -> GroupImage? {
        GroupImage(decoding: bytes.span)
    }

    private func push(
        _ store: GroupStore, path: String, body: String, ttl: [String] = [],
        at moment: Timestamp
    ) -> Int {
        PushgatewayHandler(store).answer(
            .put, path: path.utf8Span.span, ttl: ttl, body: body.utf8Span.span, at: moment
        ).status
    }

    private let body = """
        # HELP x With \\\\ and\\nlines.
        # TYPE x counter
        x{a="1\\"\\n",instance="i"} 3
        # TYPE t histogram
        t_bucket{le="0.5"} 1
        t_sum 1e-9
        t_count 2
        # TYPE s summary
        s{quantile="0.9"} NaN
        s_count 7
        y -Inf

        """

    @Test func `a store made from the bytes of images shows the same page`() throws {
        let store = GroupStore()
        #expect(push(store, path: "/metrics/job/j/a@base64/L_8=", body: body, at: moment(0)) == 400)
        #expect(push(store, path: "/metrics/job/j/a@base64/L2I=", body: body, at: moment(0)) == 200)
        #expect(
            push(store, path: "/metrics/job/k", body: "z 1\n", ttl: ["100"], at: moment(1)) == 200)
        #expect(push(store, path: "/metrics/job/k", body: "z 1\nz 2\n", at: moment(2)) == 400)
        let other = GroupStore()
        let images = store.images(at: moment(2))
        for key in images.keys {
            let image = try #require(images.image(of: key))
            var bytes: [UInt8] = []
            image.encode(into: &bytes)
            // Another boot of the machine: its monotonic clock restarted at 0.
            let read = try #require(decode(bytes[...]))
            other.restore(read, at: moment(50, start: -49))
        }
        #expect(other.page == store.page)
        #expect(other.counts.series == store.counts.series)
        #expect(other.expired(at: moment(100, start: -49)) == [])
        #expect(other.expired(at: moment(102, start: -49)) == [GroupingKey([("job", "k")])])
    }

    @Test func `an image puts back what a later push has changed`() throws {
        let store = GroupStore()
        let key = GroupingKey([("job", "j")])
        #expect(store.images(at: moment(0)).count == 0)
        #expect(push(store, path: "/metrics/job/j", body: "x 1\ny 2\n", at: moment(0)) == 200)
        let before = store.page
        let image = try #require(store.images(at: moment(1)).image(of: key))
        #expect(push(store, path: "/metrics/job/j", body: "z 3\n", at: moment(2)) == 200)
        store.restore(image, at: moment(3))
        #expect(store.page == before)
        #expect(store.counts.series == 2)
        #expect(push(store, path: "/metrics/job/j", body: "x 5\n", at: moment(4)) == 200)
    }

    @Test func `only the caller removes expired groups`() {
        let store = GroupStore()
        #expect(store.nextExpiry == .max)
        #expect(
            push(store, path: "/metrics/job/a", body: "x{i=\"1\"} 1\n", ttl: ["10"], at: moment(0))
                == 200)
        #expect(push(store, path: "/metrics/job/b", body: "y 1\n", at: moment(1)) == 200)
        #expect(store.nextExpiry == moment(10).monotonicNanoseconds)
        #expect(store.expired(at: moment(9)) == [])
        #expect(store.page.contains("job=\"a\""))
        #expect(push(store, path: "/metrics/job/b", body: "y 2\n", at: moment(21)) == 200)
        #expect(store.counts.groups == 2)
        let over = store.expired(at: moment(22))
        #expect(over == [GroupingKey([("job", "a")])])
        // A caller that could not record the expiry asks again.
        #expect(store.nextExpiry == moment(22.25).monotonicNanoseconds)
        #expect(store.expired(at: moment(22.25)) == over)
        store.expire(over)
        #expect(!store.page.contains("job=\"a\""))
        #expect(store.counts.groups == 1 && store.counts.expired == 1)
        #expect(store.expired(at: moment(23)) == [])
    }

    @Test func `bytes that are no image are refused, wherever they were cut`() throws {
        let store = GroupStore()
        #expect(push(store, path: "/metrics/job/j", body: body, at: moment(0)) == 200)
        var bytes: [UInt8] = []
        let image = store.images(at: moment(0)).image(of: GroupingKey([("job", "j")]))
        try #require(image).encode(into: &bytes)
        #expect(decode(bytes[...]) != nil)
        for count in 0..<bytes.count {
            #expect(decode(bytes.prefix(count)) == nil, "\(count)")
        }
        #expect(decode((bytes + [0])[...]) == nil)
        // The form, the count of labels, the length of a name, the name.
        for place in 0..<4 {
            var damaged = bytes
            damaged[place] = 9
            #expect(decode(damaged[...]) == nil, "\(place)")
        }
    }
}
