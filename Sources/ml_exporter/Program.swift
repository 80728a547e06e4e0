internal import CLinux
internal import Glibc
internal import Host
internal import Journal
internal import Kernel
internal import Logging
internal import Settings

/// The entry point. Exit codes: 0 success, 1 runtime failure, 2 invalid flags or settings.
@main
enum Program {
    static func main() {
        let command = Command(Array(CommandLine.arguments.dropFirst()))
        if case .serve = command {} else { Signals.unblockHangup() }
        switch command {
        case .print(let text, let toError, let exitCode):
            Log.write(text + "\n", to: toError ? STDERR_FILENO : STDOUT_FILENO)
            exit(exitCode)
        case .checkConfiguration:
            Log.write("Configuration OK.\n", to: STDOUT_FILENO)
        case .printLimits(let configuration):
            Log.write(LimitTable(configuration).text, to: STDOUT_FILENO)
        case .healthCheck(let configuration):
            for address in configuration.addresses {
                if let failure = HealthCheck.failure(at: address) {
                    Log.write("ml_exporter: \(failure)\n", to: STDERR_FILENO)
                    exit(1)
                }
            }
        case .storage(let command):
            exit(command.run())
        case .profile(let command):
            exit(command.run())
        case .serve(let configuration):
            exit(serve(configuration))
        }
    }

    private static func serve(_ configuration: Configuration) -> Int32 {
        clinux_map_large_blocks()
        DescriptorLimit.raise()
        var signals = Signals()
        let manager = ServiceManager()
        let log = Log.logger(configuration.log)
        if !Root("/proc").exists("self/stat") {
            log.error(
                "cannot start",
                metadata: ["err": "/proc is not mounted: the daemon reads its own state there"])
            return 1
        }
        log.info("Starting ml_exporter", metadata: ["version": "\(Version.number)"])
        if getuid() == 0 {
            log.warning("running as root is not required and not recommended")
        }
        if configuration.roots.rootfs == Root("/"), let evidence = Container.evidence() {
            log.warning(
                "running in a container without --path.rootfs: metrics describe the container, not the host",
                metadata: ["evidence": "\(evidence)"])
        }
        log.info(
            "Enabled collectors",
            metadata: [
                "collectors": "\(configuration.host.enabled.sorted().joined(separator: ","))"
            ])
        for name in configuration.host.unbuilt {
            log.warning(
                "collector not implemented, flag ignored",
                metadata: ["collector": "\(name)"])
        }
        let pushState: PushState
        do throws(StorageError) {
            pushState = try PushState(
                configuration.push, storage: configuration.storage,
                nativeHistograms: configuration.web.nativeHistograms, log: log)
        } catch {
            log.error("cannot start", metadata: ["err": "\(error)"])
            return 1
        }
        let daemon: Daemon
        do throws(KernelError) {
            daemon = try Daemon(configuration, pushState: pushState, log: log)
        } catch {
            log.error("cannot start", metadata: ["err": "\(error)"])
            return 1
        }
        manager.notify("READY=1")
        waiting: while true {
            switch signals.next(within: manager.watchdogNanoseconds) {
            case .stop(let signal):
                log.info(
                    "stopping", metadata: ["signal": "\(signal == SIGINT ? "SIGINT" : "SIGTERM")"])
                break waiting
            case .reload:
                manager.notify("RELOADING=1")
                daemon.reload()
                manager.notify("READY=1")
            case .timeout: if daemon.isAlive { manager.notify("WATCHDOG=1") }
            }
        }
        manager.notify("STOPPING=1")
        return daemon.stop()
    }
}
