"""What a model service does: traffic, errors, latency, inputs, and what it costs its machine."""

from board import Board, firing, host_choices, loads, model_choices
from colours import OUTCOMES, STAGES
from panels import Column, Query, bars, graph, heat, number, rows
from uids import SERVING

REQUESTS = "rate(ml_requests_total{@model}[@rate])"
FAILED = 'rate(ml_requests_total{@model,outcome=~"server_error|timeout"}[@rate])'
JUDGED = 'rate(ml_requests_total{@model,outcome=~"ok|server_error|timeout"}[@rate])'
INVALID = "rate(ml_input_rows_invalid_total{@model}[@rate])"
ROWS = "rate(ml_input_rows_total{@model}[@rate])"


def quantile(q: float, metric: str, labels: str = "") -> str:
    return (f"histogram_quantile({q}, sum by ({labels}{', ' if labels else ''}le) "
            f"(rate({metric}_bucket{{@model}}[@rate])))")


def lengths(direction: str) -> Query:
    return Query("sum by (le) (increase(ml_request_tokens_bucket"
                 f'{{@model,direction="{direction}"}}[@rate]))', "{{le}}")


def summary(board: Board):
    board.row(
        "Now",
        number("Requests", "Requests per second, whatever became of them.", "reqps",
               Query(f"sum({REQUESTS})", "requests")),
        number("Errors", "Server errors and timeouts among the requests that the service had to "
               "answer. What clients did wrong, what was rejected and what was cancelled is not in "
               "it. Alert: ModelErrorBudgetBurnFast.", "percentunit",
               Query(f"sum({FAILED}) / (sum({JUDGED}) > 0)", "errors"), limits=(0.001, 0.0144),
               decimals=2),
        number("p99", "The time within which 99 of 100 requests were answered. "
               "Alert: ModelLatencyHigh.", "s",
               Query(quantile(0.99, "ml_request_duration_seconds"), "p99"), limits=(0.5, 1),
               decimals=3),
        number("Invalid rows", "Input rows with at least one validation error. "
               "Alert: ModelInputErrorsHigh.", "percentunit",
               Query(f"sum({INVALID}) / (sum({ROWS}) > 0)", "invalid"), limits=(0.01, 0.05),
               decimals=2),
        number("In flight", "Requests that are being answered now.", "short",
               Query("sum(ml_requests_in_flight{@model})", "in flight")),
        number("Predictions", "Predicted rows per second; a batch counts each of its rows.", "ops",
               Query("sum(rate(ml_predictions_total{@model}[@rate]))", "predictions")))


def traffic(board: Board):
    board.row(
        "Traffic and errors",
        graph("Requests by outcome", "Requests per second by what became of them.", "reqps",
              Query("sum by (outcome) (rate(ml_requests_total{@model}[@rate]))", "{{outcome}}"),
              stacked=True, colours=OUTCOMES),
        graph("Errors by version", "Server errors and timeouts among the requests that the service "
              "had to answer. The lines are the default error budget (0.1 %) and the rate that "
              "spends a month's budget in two days.", "percentunit",
              Query(f"sum by (model, version) ({FAILED}) / (sum by (model, version) ({JUDGED}) > 0)",
                    "{{model}} {{version}}"), by_name=True, limits=(0.001, 0.0144)),
        graph("Requests by version", "Requests per second of each version and variant: a rollout, a "
              "canary, an A/B test.", "reqps",
              Query(f"sum by (model, version, variant) ({REQUESTS})",
                    "{{model}} {{version}} {{variant}}"), by_name=True, stacked=True),
        graph("Errors by reason", "Requests per second that were not ok, by the reason that the "
              "service gave.", "reqps",
              Query("topk(10, sum by (reason) (rate(ml_request_errors_total{@model}[@rate])))",
                    "{{reason}}"), by_name=True),
        graph("Errors by host", "Share of server errors and timeouts; the ten worst hosts. One host "
              "alone is that host's trouble, all together the model's.", "percentunit",
              Query(f"topk(10, sum by (instance) ({FAILED}) / (sum by (instance) ({JUDGED}) > 0))",
                    "{{instance}}"), by_name=True),
        graph("Traffic and a week ago", "Requests per second beside the same time last week. "
              "Alert: ModelTrafficChanged.", "reqps",
              Query(f"sum({REQUESTS})", "now"),
              Query("sum(rate(ml_requests_total{@model}[@rate] offset 1w))", "a week ago",
                    dashed=True)))


def latency(board: Board):
    board.row(
        "Latency",
        heat("Latency", "How many requests took how long: the darker, the more. Two bands are two "
             "kinds of request.", "s",
             Query("sum by (le) (increase(ml_request_duration_seconds_bucket{@model}[@rate]))",
                   "{{le}}")),
        graph("Latency quantiles", "The time within which 50, 95 and 99 of 100 requests were "
              "answered, and the mean.", "s",
              Query(quantile(0.5, "ml_request_duration_seconds"), "p50"),
              Query(quantile(0.95, "ml_request_duration_seconds"), "p95"),
              Query(quantile(0.99, "ml_request_duration_seconds"), "p99"),
              Query("sum(rate(ml_request_duration_seconds_sum{@model}[@rate])) / "
                    "(sum(rate(ml_request_duration_seconds_count{@model}[@rate])) > 0)", "mean",
                    dashed=True), height=9, limits=(0.5, 1)),
        graph("p99 by version", "The p99 of each version. Alert: ModelLatencyHigh.", "s",
              Query(quantile(0.99, "ml_request_duration_seconds", "model, version"),
                    "{{model}} {{version}}"), by_name=True, limits=(0.5, 1)),
        graph("Time by stage", "Mean seconds per request of each stage that the service reports; "
              "stacked, they are the time it can account for.", "s",
              Query("sum by (stage) (rate(ml_request_stage_duration_seconds_sum{@model}[@rate])) / "
                    "(sum by (stage) (rate(ml_request_stage_duration_seconds_count"
                    "{@model}[@rate])) > 0)", "{{stage}}"), stacked=True, colours=STAGES),
        graph("In flight and queued", "Requests that are being answered and that wait, summed over "
              "the producers.", "short",
              Query("sum by (model, version) (ml_requests_in_flight{@model})",
                    "in flight {{model}} {{version}}"),
              Query("sum by (model, version) (ml_requests_queued{@model})",
                    "queued {{model}} {{version}}")),
        graph("Batch size", "Rows per request: median, p95 and mean.", "short",
              Query(quantile(0.5, "ml_request_batch_size"), "p50"),
              Query(quantile(0.95, "ml_request_batch_size"), "p95"),
              Query("sum(rate(ml_request_batch_size_sum{@model}[@rate])) / "
                    "(sum(rate(ml_request_batch_size_count{@model}[@rate])) > 0)", "mean",
                    dashed=True)))


def tokens(board: Board):
    board.row(
        "Tokens",
        graph("Tokens", "Tokens per second that came in and that were generated.", "ops",
              Query('sum(rate(ml_tokens_total{@model,direction="input"}[@rate]))', "input"),
              Query('sum(rate(ml_tokens_total{@model,direction="output"}[@rate]))', "output"),
              width=8),
        graph("Time to first token", "From the request to its first token. "
              "Alert: ModelFirstTokenSlow.", "s",
              Query(quantile(0.5, "ml_time_to_first_token_seconds"), "p50"),
              Query(quantile(0.95, "ml_time_to_first_token_seconds"), "p95"),
              Query(quantile(0.99, "ml_time_to_first_token_seconds"), "p99"), width=8),
        graph("Time per output token", "Mean time of each further token of a request.", "s",
              Query(quantile(0.5, "ml_time_per_output_token_seconds"), "p50"),
              Query(quantile(0.95, "ml_time_per_output_token_seconds"), "p95"),
              Query(quantile(0.99, "ml_time_per_output_token_seconds"), "p99"), width=8),
        heat("Prompt length", "Tokens of each prompt: how many requests had how many.", "short",
             lengths("input"), width=8, height=8),
        heat("Output length", "Tokens of each answer: how many requests had how many.", "short",
             lengths("output"), width=8, height=8),
        graph("Finish reasons", "Answers per second by the reason why they ended; length: the limit "
              "of tokens was reached.", "ops",
              Query("sum by (finish_reason) (rate(ml_requests_finished_total{@model}[@rate]))",
                    "{{finish_reason}}"), by_name=True, stacked=True, width=8),
        graph("KV cache", "The used share of the key-value cache of the fullest producer. Near 1, "
              "requests wait or are evicted.", "percentunit",
              Query("max by (model, version) (ml_kv_cache_usage_ratio{@model})",
                    "{{model}} {{version}}"), by_name=True, width=8))


def inputs(board: Board):
    by = "model, version, feature"
    board.row(
        "Inputs",
        graph("Invalid rows by version", "Share of input rows with at least one validation error. "
              "Alert: ModelInputErrorsHigh.", "percentunit",
              Query(f"sum by (model, version) ({INVALID}) / (sum by (model, version) ({ROWS}) > 0)",
                    "{{model}} {{version}}"), by_name=True, limits=(0.01, 0.05)),
        graph("Validation errors by reason", "Errors per second by what was wrong with the value.",
              "ops",
              Query("sum by (reason) (rate(ml_input_validation_errors_total{@model}[@rate]))",
                    "{{reason}}"), by_name=True, stacked=True),
        rows("Features with errors", "The twenty features with most validation errors in the shown "
             "time, with the reason.",
             {"model": "Model", "version": "Version", "feature": "Feature", "reason": "Reason"},
             Column("Errors", f"topk(20, sum by ({by}, reason) "
                    "(increase(ml_input_validation_errors_total{@model}[@range])) > 0)", "short", 0),
             sort="Errors", width=12),
        bars("Missing values by feature", "Share of rows without a value, the twenty worst features. "
             "Alert: FeatureMissingChanged.", "percentunit",
             Query(f"topk(20, sum by ({by}) (increase(ml_feature_missing_total{{@model}}[@range])) / "
                   f"(sum by ({by}) (increase(ml_feature_rows_total{{@model}}[@range])) > 0))",
                   "{{model}} {{version}} {{feature}}"), top=1, limits=(0.1, 0.5), height=9),
        graph("Missing values over time", "Share of rows without a value; the ten worst features.",
              "percentunit",
              Query(f"topk(10, sum by ({by}) (rate(ml_feature_missing_total{{@model}}[@rate])) / "
                    f"(sum by ({by}) (rate(ml_feature_rows_total{{@model}}[@rate])) > 0))",
                    "{{model}} {{version}} {{feature}}"), by_name=True, top=1),
        graph("NaN and infinite values", "Values per second that were NaN or infinite; the ten worst features.",
              "ops",
              Query(f"topk(10, sum by ({by}) (rate(ml_feature_not_finite_total{{@model}}[@rate])))",
                    "{{model}} {{version}} {{feature}}"), by_name=True))


def costs(board: Board):
    """A process may serve several models; each of them then shows the whole process."""
    def of_model(expression: str) -> str:
        return (f"sum by (model, version) ({expression} * on (job, instance, pid) group_right () "
                "ml_producer_model_info{@version})")

    name = "{{model}} {{version}}"
    cpu = of_model("rate(ml_producer_process_cpu_seconds_total{@host}[@rate])")
    board.row(
        "What it costs its machine",
        graph("CPU of the service", "CPUs that the processes of a model keep busy; known for "
              "processes that push over the Unix socket.", "short", Query(cpu, name), by_name=True),
        graph("CPU time per request", "CPU seconds of the model's processes per request.", "s",
              Query(f"{cpu} / (sum by (model, version) ({REQUESTS}) > 0)", name), by_name=True),
        graph("Memory of the service", "Resident memory of the processes of a model.", "bytes",
              Query(of_model("ml_producer_process_resident_memory_bytes{@host}"), name),
              by_name=True),
        graph("Threads and files", "Threads and open files of the processes of a model.", "short",
              Query(of_model("ml_producer_process_threads{@host}"), "threads " + name),
              Query(of_model("ml_producer_process_open_fds{@host}"), "files " + name)),
        graph("Disk of the service", "Bytes per second that the processes of a model read; written "
              "below the axis.", "Bps",
              Query(of_model("rate(ml_producer_process_read_bytes_total{@host}[@rate])"),
                    "read " + name),
              Query(of_model("rate(ml_producer_process_written_bytes_total{@host}[@rate])"),
                    "written " + name, below=True)),
        graph("GPU memory of the service", "GPU memory of the processes of a model.", "bytes",
              Query(of_model("sum by (job, instance, pid) (ml_gpu_process_memory_bytes{@host})"),
                    name), by_name=True))


def build() -> Board:
    board = Board(SERVING, "ml_exporter / Model serving",
                  "Traffic, errors, latency, tokens, inputs and cost of the services of a model.",
                  [*host_choices("ml_requests_total"), *model_choices("ml_requests_total")],
                  [firing(',model=~"$model",model!=""'), loads()])
    for part in (summary, traffic, latency, tokens, inputs, costs):
        part(board)
    board.row(
        "Versions",
        rows("Loaded versions", "What each host has loaded, and since when.",
             {"model": "Model", "version": "Version", "instance": "Host",
              "framework": "Framework", "git_sha": "Commit"},
             Column("Loaded", "max by (model, version, instance, framework, git_sha) "
                    "(ml_model_info{@model} * on (job, instance, model, version) group_left () "
                    "ml_model_loaded_timestamp_seconds{@model}) * 1000", "dateTimeFromNow"),
             sort="Loaded", width=16, height=8),
        graph("Loads", "How often a model was loaded in the interval. Alert: ModelReloading.",
              "short",
              Query("sum by (model) (increase(ml_model_reloads_total{@model}[@rate]))",
                    "{{model}}"), by_name=True, width=8))
    return board
