/// Decides when the timer of the watchdog thread is set. Times are nanoseconds of the monotonic clock.
///
/// A timer for every page would cost two system calls per scrape. Where scrapes are frequent, the
/// timer is left as it is between pages: it fires once per lateness interval and is then set for the
/// page that is being made, if there is one. Where scrapes are rare it is cleared after each page,
/// since a thread that wakes up for nothing costs more than the call.
struct Watchdog {
    enum TimerChange: Equatable {
        case none, clear
        case set(UInt64)
    }

    /// When the page that is being made is late for its first scraper, or nil between pages.
    private(set) var late: UInt64?
    /// The same for the page of the scrapers that were late.
    private(set) var secondLate: UInt64?
    /// When the timer fires, or nil if it is not set.
    private var timer: UInt64?
    private var lastStart: UInt64 = 0
    private var isFrequent = false

    mutating func pageBegins(at start: UInt64, late: UInt64) -> TimerChange {
        isFrequent = lastStart > 0 && start &- lastStart < late &- start
        lastStart = start
        self.late = late
        // A timer that fires too early is set again then.
        if let timer, timer <= late { return .none }
        return setTimer(late)
    }

    mutating func pageEnds() -> TimerChange {
        late = nil
        if isFrequent || timer == nil || secondLate != nil { return .none }
        timer = nil
        return .clear
    }

    /// A scraper has been queued that is late at this time.
    mutating func scraperArrives(late: UInt64) -> TimerChange {
        // Between pages nothing is to be done: the next page begins with its time.
        guard let earlier = self.late else { return .none }
        self.late = min(earlier, late)
        if let timer, timer <= late { return .none }
        return setTimer(late)
    }

    mutating func secondPageBegins(late: UInt64) -> TimerChange {
        secondLate = late
        if let timer, timer <= late { return .none }
        return setTimer(late)
    }

    mutating func secondPageEnds() {
        secondLate = nil
    }

    /// The timer has fired: returns whether a page is late by now.
    mutating func timerFires(at now: UInt64) -> (isLate: Bool, change: TimerChange) {
        timer = nil
        guard let next = [late, secondLate].compactMap({ $0 }).min() else { return (false, .none) }
        if now < next { return (false, setTimer(next)) }
        return (true, .none)
    }

    /// The times have been checked; these come next, nil for a page that is no longer made.
    mutating func checked(late: UInt64?, secondLate: UInt64?) -> TimerChange {
        self.late = late
        self.secondLate = secondLate
        guard let next = [late, secondLate].compactMap({ $0 }).min() else { return .none }
        return setTimer(next)
    }

    mutating func setTimer(_ time: UInt64) -> TimerChange {
        timer = time
        return .set(time)
    }
}
