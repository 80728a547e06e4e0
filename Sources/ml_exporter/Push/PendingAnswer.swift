internal import HTTP

/// A request that waits for its answer, in a form that a closure can capture. A request that is
/// never answered gets 500 when this is released.
///
/// One thread at a time uses it: the one that received the request, then the one that answers it.
final class PendingAnswer: @unchecked Sendable {
    private var pending: PendingResponse?

    init(_ pending: consuming PendingResponse) {
        self.pending = consume pending
    }

    func answer(_ response: borrowing Response) {
        pending.take()?.answer(response)
    }
}
