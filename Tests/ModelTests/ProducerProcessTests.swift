import Glibc
import Kernel
import Observation
import Series
import Testing

@testable import Model

struct ProducerTests {
    private let line =
        "4242 (a) (b) S 1 4242 4242 0 -1 4194304 500 0 0 0 250 50 0 0 20 0 7 0 123456 90000000 "
        + "1024 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n"

    private func read(_ line: String) -> ProcessUsage? {
        ProcessUsage(stat: line.utf8Span.span)
    }

    @Test func `a line of stat is read behind the name, whatever the name is`() throws {
        let usage = try #require(read(line))
        #expect(usage.startTicks == 123_456)
        #expect(usage.cpuSeconds == 3)
        #expect(usage.threads == 7)
        #expect(usage.residentBytes == 1024 * 4096)
        #expect(usage.readBytes == nil && usage.openFiles == nil)
    }

    @Test(arguments: ["", "4242 (x", "4242 (x) S 1 2", "4242 (x) Z 1 2 3 4 5 6 7 8 9 10 11"])
    func `the line of an exited process or a malformed line gives no usage`(line: String) {
        #expect(read(line) == nil)
    }

    @Test func `bytes of storage are distinguished from bytes of the page cache`() throws {
        var usage = try #require(read(line))
        let io = "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\n"
        usage.parse(io: io.utf8Span.span)
        #expect(usage.readBytes == 5 && usage.writtenBytes == 6)
    }

    private func push(_ process: Sender.Process, model: String, to models: Models) {
        var push = Push()
        push.add { $0.model = model }
        var outcome = BatchOutcome()
        models.apply(push.batch, from: Sender(number: 1, process: process), outcome: &outcome)
    }

    private func start(of pid: Int32) throws -> UInt64 {
        var text = Buffer(capacity: 4096)
        return try #require(ProcessUsage.read(pid, in: Root("/proc"), text: &text)).startTicks
    }

    @Test func `a running producer is exposed with the models it pushes for`() throws {
        let models = Models()
        let pid = getpid()
        let process = Sender.Process(pid: pid, startTicks: try start(of: pid))
        push(process, model: "fraud", to: models)
        push(process, model: "fraud", to: models)
        push(process, model: "churn", to: models)
        #expect(
            models.samples("ml_producer_model_info") == [
                #"ml_producer_model_info{model="fraud",pid="\#(pid)",version="3"} 1"#,
                #"ml_producer_model_info{model="churn",pid="\#(pid)",version="3"} 1"#,
            ])
        let shown = models.samples("ml_producer_process_").map { $0.prefix { $0 != "{" } }
        #expect(
            shown == [
                "ml_producer_process_cpu_seconds_total",
                "ml_producer_process_resident_memory_bytes", "ml_producer_process_threads",
                "ml_producer_process_open_fds", "ml_producer_process_read_bytes_total",
                "ml_producer_process_written_bytes_total",
            ])
        #expect(models.retire(model: "churn", version: "3"))
        #expect(models.samples("ml_producer_model_info").count == 1)
    }

    @Test func `another process with the pid of one that has ended is not taken for it`() throws {
        let models = Models()
        let pid = getpid()
        push(Sender.Process(pid: pid, startTicks: 1), model: "fraud", to: models)
        #expect(models.samples("ml_producer_").isEmpty)
        #expect(models.samples("ml_requests_total").count == 6)
    }

    @Test func `an exited producer is removed and its capacity is released`() throws {
        let models = Models()
        var pid = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("sleep"), strdup("60"), nil]
        defer { unsafe arguments.forEach { unsafe free($0) } }
        #expect(unsafe posix_spawn(&pid, "/bin/sleep", nil, nil, &arguments, nil) == 0)
        let process = Sender.Process(pid: pid, startTicks: try start(of: pid))
        push(process, model: "fraud", to: models)
        #expect(models.samples("ml_producer_process_threads").count == 1)
        let taken = models.budget.count
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
        #expect(models.samples("ml_producer_").isEmpty)
        #expect(models.budget.count == taken - 7)
    }

    @Test func `what the daemon may not see is absent`() throws {
        let models = Models()
        // init belongs to another user, or to us when the tests run as root.
        push(Sender.Process(pid: 1, startTicks: try start(of: 1)), model: "fraud", to: models)
        #expect(models.samples("ml_producer_process_resident_memory_bytes").count == 1)
        #expect(models.samples("ml_producer_process_open_fds").count == (geteuid() == 0 ? 1 : 0))
    }
}
