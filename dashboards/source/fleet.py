"""All hosts and models at a glance, worst first."""

from board import Board, choice, firing, loads, named_host_choices
from panels import Column, Link, Query, graph, number, rows
from uids import FLEET, HOST, SERVING

CPU_USED = ('1 - avg by (instance) (sum by (instance, cpu) (rate(node_cpu_seconds_total'
            '{@host,mode=~"idle|iowait|steal"}[@rate])))')
MEMORY_USED = ("1 - node_memory_MemAvailable_bytes{@host} / node_memory_MemTotal_bytes{@host}")
FULLEST = ('max by (instance) (1 - node_filesystem_avail_bytes{@host,fstype!~"tmpfs|ramfs"}'
           ' / (node_filesystem_size_bytes{@host,fstype!~"tmpfs|ramfs"} > 0))')
FAILED = ('sum by (%s) (rate(ml_requests_total{@model,outcome=~"server_error|timeout"}[@rate]))'
          ' / (sum by (%s) (rate(ml_requests_total{@model,outcome=~"ok|server_error|timeout"}'
          '[@rate])) > 0)')
P99 = ("histogram_quantile(0.99, sum by (model, version, le) "
       "(rate(ml_request_duration_seconds_bucket{@model}[@rate])))")

DOWN = ("count(up{@host} == 0 and on (job, instance) last_over_time(node_uname_info{@host}[1d]))"
        " or vector(0)")

TO_HOST = Link("Open the host", HOST, {"instance": "instance"})
TO_MODEL = Link("Open the model", SERVING, {"model": "model", "version": "version"})


def build() -> Board:
    board = Board(
        FLEET, "ml_exporter / Fleet overview",
        "Every host and every model at a glance, worst first. A row's name leads to its dashboard.",
        [*named_host_choices(),
         choice("model", "Model", "label_values(ml_requests_total{@host}, model)", ".*", "Models"),
         choice("version", "Version",
                'label_values(ml_requests_total{@host,model=~"$model"}, version)', ".*",
                "Versions of the chosen models"),
         choice("variant", "Variant",
                'label_values(ml_requests_total{@host,model=~"$model"}, variant)', ".*",
                "Variants, where services push them")],
        [firing(',instance=~"$instance|"'), loads()])
    board.row(
        "Now",
        number("Hosts up", "Hosts whose last scrape succeeded.", "short",
               Query("count(node_uname_info{@host})", "hosts"), width=3),
        number("Hosts down", "Hosts that were scraped within a day and cannot be now. "
               "Alert: ExporterDown.", "short", Query(DOWN, "down"), width=3, limits=(1, 5)),
        number("Alerts firing", "Alerts of these rules that fire now, Watchdog left out. "
               "0 when all is well.", "short",
               Query('count(ALERTS{alertstate="firing",alertname!="Watchdog",'
                     'severity=~"critical|warning"}) or vector(0)', "alerts"),
               width=3, limits=(1, 5)),
        number("Model versions", "Model versions that pushed requests.", "short",
               Query("count(count by (model, version) (ml_requests_total{@model}))", "models"),
               width=3),
        number("Requests", "Requests per second over all models and hosts.", "reqps",
               Query("sum(rate(ml_requests_total{@model}[@rate]))", "requests"), width=4),
        number("Server errors and timeouts", "Share of requests that the services themselves failed; "
               "what clients did wrong is not in it.", "percentunit",
               Query(FAILED.replace(" by (%s)", ""), "failed"), width=4, limits=(0.001, 0.0144),
               decimals=2),
        number("GPUs", "GPUs seen by the hosts.", "short",
               Query("count(ml_gpu_info{@host})", "GPUs"), width=4))
    board.row(
        "Models, worst first",
        rows("Models", "One row per model version, over all its hosts. Errors are server errors and "
             "timeouts among the requests that the service had to answer; invalid rows are input rows "
             "with at least one validation error.",
             {"model": "Model", "version": "Version"},
             Column("Errors", FAILED % (("model, version",) * 2), "percentunit", 2, (0.001, 0.0144)),
             Column("p99", P99, "s", 3, (0.5, 1)),
             Column("Requests/s", "sum by (model, version) (rate(ml_requests_total{@model}[@rate]))",
                    "reqps", 1),
             Column("Invalid rows",
                    "sum by (model, version) (rate(ml_input_rows_invalid_total{@model}[@rate]))"
                    " / (sum by (model, version) (rate(ml_input_rows_total{@model}[@rate])) > 0)",
                    "percentunit", 2, (0.01, 0.05)),
             Column("In flight", "sum by (model, version) (ml_requests_in_flight{@model})", "short"),
             Column("Hosts", "count by (model, version) (count by (model, version, instance) "
                    "(ml_requests_total{@model}))", "short"),
             sort="Errors", link=TO_MODEL, height=8),
        graph("Requests by model", "Requests per second of each model over all hosts.", "reqps",
              Query("sum by (model) (rate(ml_requests_total{@model}[@rate]))", "{{model}}"),
              by_name=True, stacked=True),
        graph("Errors by model", "Share of server errors and timeouts. The lines are the default "
              "error budget (0.1 %) and the rate that spends a month's budget in two days.",
              "percentunit", Query(FAILED % (("model",) * 2), "{{model}}"),
              by_name=True, limits=(0.001, 0.0144)))
    board.row(
        "Hosts, worst first",
        rows("Hosts", "One row per host. CPU without idle, iowait and steal; memory that is not "
             "available; the fullest filesystem that is not in memory; the share of time in which "
             "some task waited for memory.",
             {"nodename": "Host", "instance": "Address"},
             Column("CPU used", CPU_USED, "percentunit", 1, (0.8, 0.9)),
             Column("Load per CPU", "max by (instance) (node_load1{@host} / on (job, instance) "
                    'count by (job, instance) (node_cpu_seconds_total{@host,mode="idle"}))',
                    "short", 2, (1, 2)),
             Column("Memory used", f"max by (instance) ({MEMORY_USED})", "percentunit", 1,
                    (0.8, 0.9)),
             Column("Waiting for memory", "max by (instance) "
                    "(rate(node_pressure_memory_waiting_seconds_total{@host}[@rate]))",
                    "percentunit", 2, (0.05, 0.2)),
             Column("Fullest filesystem", FULLEST, "percentunit", 1, (0.85, 0.95)),
             Column("Disk busy", "max by (instance) "
                    "(rate(node_disk_io_time_seconds_total{@host}[@rate]))",
                    "percentunit", 1, (0.8, 0.95)),
             Column("Busiest GPU", "max by (instance) (ml_gpu_utilization_ratio{@host})",
                    "percentunit", 0),
             sort="Memory used", link=TO_HOST, height=10),
        graph("CPU used, ten busiest hosts", "Share of CPU time that is not idle, iowait or steal.",
              "percentunit", Query(f"topk(10, {CPU_USED})", "{{nodename}}"), by_name=True, top=1,
              limits=(0.8, 0.9)),
        graph("Memory used, ten fullest hosts", "Share of memory that is not available to programs.",
              "percentunit", Query(f"topk(10, {MEMORY_USED})", "{{nodename}}"), by_name=True, top=1,
              limits=(0.8, 0.9)),
        graph("Network", "Bytes over all hosts and devices but loopback; sent below the axis.", "Bps",
              Query('sum(rate(node_network_receive_bytes_total{@host,device!="lo"}[@rate]))',
                    "received"),
              Query('sum(rate(node_network_transmit_bytes_total{@host,device!="lo"}[@rate]))',
                    "sent", below=True)),
        graph("Disk", "Bytes over all hosts and disks; written below the axis.", "Bps",
              Query("sum(rate(node_disk_read_bytes_total{@host}[@rate]))", "read"),
              Query("sum(rate(node_disk_written_bytes_total{@host}[@rate]))", "written",
                    below=True)))
    return board
