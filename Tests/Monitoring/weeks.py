"""Three weeks of a fleet, minute by minute: what is usual there, and the faults that were put into it.

Monday 12 October 2026 to 1 November, in Berlin: the clocks go back on the 25th, the 30th is a holiday.
A course is an array with one value a minute; NaN is a scrape that was missed.
"""

import datetime
import zoneinfo
from dataclasses import dataclass

import numpy

BEGIN = int(datetime.datetime(2026, 10, 12, tzinfo=datetime.timezone.utc).timestamp())
DAYS = 21
MINUTES = DAYS * 1440
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
HOLIDAY = 18
SEED = 20261012


def minute(day: int, hour: float) -> int:
    """Of the course: `day` counts from 0, `hour` is UTC."""
    return int(day * 1440 + hour * 60)


@dataclass(frozen=True)
class Fault:
    """What is broken from `begin` to `end`, the alert that has to find it, and what may follow from it."""

    alert: str
    severity: str
    labels: dict[str, str]
    begin: int
    end: int
    also: frozenset[str] = frozenset()


FAULTS = (
    Fault("ModelTrafficStopped", "critical", {"model": "chat"}, minute(15, 13), minute(15, 16),
          frozenset({"ModelTrafficChanged"})),
    Fault("ModelErrorBudgetBurnFast", "critical", {"model": "fraud"}, minute(14, 9), minute(14, 10),
          frozenset({"ModelErrorBudgetBurnSlow"})),
    Fault("ExporterDown", "warning", {"instance": "h2:10180"}, minute(8, 11), minute(8, 13)),
    Fault("ScrapesFailing", "warning", {"instance": "h1:10180"}, minute(9, 3), minute(9, 5)),
    Fault("HostFilesystemReadOnly", "warning", {"instance": "h1:10180"}, minute(10, 2), minute(10, 8)),
    Fault("HostFilesystemFillingUp", "critical", {"instance": "h2:10180"}, minute(16, 1), minute(16, 13),
          frozenset({"HostFilesystemFillingUp", "HostFilesystemAlmostFull"})),
    Fault("GpuLost", "critical", {"instance": "h2:10180"}, minute(17, 6), minute(17, 12)),
    Fault("HostNetworkErrors", "warning", {"instance": "h1:10180"}, minute(11, 20), minute(11, 23)),
    Fault("HostClockSkew", "warning", {"instance": "h2:10180"}, minute(12, 20), minute(12, 23)),
    Fault("TrainingMetricWorse", "warning", {"model": "fraud"}, minute(19, 2), minute(20, 2)),
)


def during(alert: str) -> slice:
    fault, = [fault for fault in FAULTS if fault.alert == alert]
    return slice(fault.begin, fault.end)


class Weeks:
    """Every series of the fleet, by its text."""

    def __init__(self, hosts: int = 2, seed: int = SEED):
        self.random = numpy.random.default_rng(seed)
        self.times = BEGIN + 60 * numpy.arange(MINUTES)
        local = [datetime.datetime.fromtimestamp(at, BERLIN) for at in self.times[::60]]
        self.hour = numpy.repeat([at.hour for at in local], 60)
        self.weekday = numpy.repeat([at.weekday() for at in local], 60)
        self.day = numpy.repeat([(at.date() - local[0].date()).days for at in local], 60)
        self.hosts = [f"h{number}:10180" for number in range(1, hosts + 1)]
        self.series: dict[str, numpy.ndarray] = {}
        for host in self.hosts:
            self.machine(host)
        self.models()
        self.scrape()

    def constant(self, value: float) -> numpy.ndarray:
        return numpy.full(MINUTES, float(value))

    def noise(self, middle: float, width: float) -> numpy.ndarray:
        return self.random.normal(middle, width, MINUTES)

    def counter(self, rates: numpy.ndarray) -> numpy.ndarray:
        """What comes in a minute is drawn around its rate."""
        return numpy.cumsum(self.random.poisson(numpy.maximum(rates, 0))).astype(float)

    def add(self, name: str, host: str, values: numpy.ndarray, **labels: str):
        text = ",".join(f'{label}="{value}"' for label, value in
                        {**labels, "instance": host, "job": "ml_exporter"}.items())
        self.series[f"{name}{{{text}}}"] = numpy.array(values, dtype=float)

    def disk(self, host: str) -> numpy.ndarray:
        """Logs grow and are rotated at night; models are copied and deleted."""
        level = 60 - (numpy.arange(MINUTES) % 1440) / 1440 * 3
        for day in range(2, DAYS, 3):
            begin = minute(day, 10 + day % 5)
            level[begin:begin + 40] -= numpy.linspace(0, 25, 40)
            level[begin + 40:begin + 900] -= 25
        if host == "h1:10180":
            level[:30] -= numpy.linspace(0, 25, 30)
            level[30:1200] -= 25
        if host == "h2:10180":
            filling = during("HostFilesystemFillingUp")
            span = filling.stop - filling.start
            level[filling] = numpy.linspace(level[filling.start], 4, span)
        return level

    def machine(self, host: str):
        first = host == "h1:10180"
        busy = 0.3 + 0.25 * (self.hour > 7) + self.noise(0, 0.05)
        self.add("node_cpu_seconds_total", host, numpy.cumsum(60 * (1 - busy)), cpu="0", mode="idle")
        self.add("node_cpu_seconds_total", host, numpy.cumsum(60 * busy), cpu="0", mode="user")
        self.add("node_load1", host, numpy.abs(self.noise(0.6, 0.3)))
        self.add("node_memory_MemTotal_bytes", host, self.constant(256e9))
        self.add("node_memory_MemAvailable_bytes", host, self.noise(120e9, 8e9))
        self.add("node_vmstat_pgmajfault", host, self.counter(self.constant(60)))
        self.add("node_vmstat_oom_kill", host, self.constant(0))
        disk = {"device": "/dev/sda1", "fstype": "ext4", "mountpoint": "/srv"}
        self.add("node_filesystem_avail_bytes", host, self.disk(host) * 1e9, **disk)
        self.add("node_filesystem_size_bytes", host, self.constant(100e9), **disk)
        readonly = self.constant(0)
        if first:
            readonly[during("HostFilesystemReadOnly")] = 1
        self.add("node_filesystem_readonly", host, readonly, **disk)
        packets, damaged = 3e4 * (1 + (self.hour > 7)), self.constant(0.01)
        if first:
            damaged[during("HostNetworkErrors")] = 2500
        self.add("node_network_receive_packets_total", host, self.counter(packets), device="eth0")
        self.add("node_network_receive_errs_total", host, self.counter(damaged), device="eth0")
        self.add("node_network_up", host, self.constant(1), device="eth0")
        offset = self.noise(0, 0.001)
        if host == "h2:10180":
            offset[during("HostClockSkew")] += 0.4
        self.add("node_timex_offset_seconds", host, offset)
        for gpu in range(2):
            heat = self.noise(65, 4)
            if host == "h2:10180" and gpu == 1:
                heat[during("GpuLost")] = numpy.nan
            self.add("ml_gpu_temperature_celsius", host, heat, gpu=str(gpu))
        self.add("ml_journal_ready", host, self.constant(1))
        restarts = numpy.zeros(MINUTES)
        for day in range(3, DAYS, 6):
            restarts[minute(day, 9.5)] = 1
        self.add("process_start_time_seconds", host, BEGIN + 60 * numpy.maximum.accumulate(
            numpy.where(restarts == 1, numpy.arange(MINUTES), 0)))

    def per_minute(self, model: str) -> numpy.ndarray:
        """What a model gets in a minute: office hours, or people who sleep; less on the holiday."""
        if model == "fraud":
            rates = 120.0 * ((self.hour >= 7) & (self.hour < 19) & (self.weekday < 5))
            rates[self.day == HOLIDAY] = 0
            return rates
        rates = 300 * (0.55 - 0.45 * numpy.cos((self.hour - 4) / 24 * 2 * numpy.pi))
        rates = rates * numpy.where(self.weekday >= 5, 0.7, 1.0) * numpy.where(self.day == HOLIDAY, 0.65, 1.0)
        if model == "launch":
            # It comes in the second week, is tested for half an hour the day before, and then grows.
            begin = minute(7, 10)
            rates = rates * numpy.clip((numpy.arange(MINUTES) - begin) / 4320, 0, 1)
            rates[minute(6, 10):minute(6, 10.5)] = 400
        if model == "chat":
            rates[during("ModelTrafficStopped")] = 0
        return rates

    def models(self):
        for model in ("chat", "fraud", "launch"):
            share = self.per_minute(model) / len(self.hosts)
            for host in self.hosts:
                # A rollout each Tuesday, an hour later on each host, by eight workers at once.
                number = int(host[1:].split(":")[0])
                begins = [0] + [minute(day, 8 + number) for day in range(1, DAYS, 7)] + [MINUTES]
                failing = numpy.full(MINUTES, 0.0002)
                if model == "fraud":
                    failing[during("ModelErrorBudgetBurnFast")] = 0.25
                for version, (begin, end) in enumerate(zip(begins, begins[1:]), 1):
                    served = numpy.zeros(MINUTES)
                    served[begin:end] = share[begin:end]
                    labels = {"model": model, "version": str(version)}
                    known = self.constant(0)
                    known[:begin] = numpy.nan
                    # A version is retired a day after the next one came.
                    known[end + 1440:] = numpy.nan
                    good = self.counter(served * (1 - failing))
                    self.add("ml_requests_total", host, good + known, **labels, outcome="ok")
                    self.add("ml_requests_total", host, self.counter(served * failing) + known, **labels,
                             outcome="server_error")
                    for bound, part in (("0.1", 0.9), ("1.0", 0.9995), ("+Inf", 1)):
                        self.add("ml_request_duration_seconds_bucket", host, numpy.floor(good * part) + known,
                                 **labels, le=bound)
                    self.add("ml_model_reloads_total", host, 7 + known, **labels)
        quality = 0.9 + numpy.repeat(self.random.normal(0, 0.004, DAYS), 1440)
        quality[during("TrainingMetricWorse")] = 0.7
        first = self.hosts[0]
        self.add("ml_training_metric", first, quality, model="fraud", split="validation", metric="f1")
        self.add("ml_training_metric", first, -100 + self.noise(0, 0.5), model="density",
                 split="validation", metric="loss")
        trained = BEGIN + 86400.0 * numpy.repeat(numpy.arange(DAYS), 1440)
        self.add("ml_training_last_success_timestamp_seconds", first, trained, model="fraud")
        self.add("ml_business_value", first, self.noise(0.02, 0.002), model="fraud", kpi="cost_per_decision")
        self.add("ml_business_target", first, self.constant(0.05), model="fraud", kpi="cost_per_decision")

    def scrape(self):
        """Some scrapes are missed; a host that is down, or flaps, has none."""
        for host in self.hosts:
            missed = self.random.random(MINUTES) < 0.004
            for day in range(3, DAYS, 6):
                missed[minute(day, 9.5):minute(day, 9.5) + 2] = True
            if host == "h2:10180":
                missed[during("ExporterDown")] = True
            if host == "h1:10180":
                flapping = during("ScrapesFailing")
                missed[flapping] = numpy.arange(flapping.stop - flapping.start) % 2 == 0
            for text, values in self.series.items():
                if f'instance="{host}"' in text:
                    values[missed] = numpy.nan
            self.add("up", host, numpy.where(missed, 0.0, 1.0))
        self.series['ml_calendar:holiday:bool{calendar="berlin"}'] = (self.day == HOLIDAY).astype(float)

    def text(self, begin: int, end: int) -> str:
        """These minutes as OpenMetrics. A scrape that was missed ends a series: stale markers cannot be
        written in this format, so a gap is shorter there than for a Prometheus that scraped."""
        lines = []
        for text, values in self.series.items():
            for at, value in zip(self.times[begin:end].tolist(), values[begin:end].tolist()):
                if value == value:
                    lines.append(f"{text} {value:.10g} {at}\n")
        return "".join(lines)
