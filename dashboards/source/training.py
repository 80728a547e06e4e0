"""Whether models are trained, whether they get better, and whether they pay."""

from board import Board, choice, firing, host_choices, loads
from panels import Column, Query, bars, graph, number, rows
from uids import TRAINING

KEYS = "model"


def training(board: Board):
    board.row(
        "Training",
        number("Trained models", "Models that have ever reported a training run.", "short",
               Query("count(count by (model) (ml_training_last_success_timestamp_seconds"
                     "{@training}))", "models"), width=6),
        number("Oldest success", "Time since the last good training run; the worst model. "
               "Alert: TrainingStale.", "s",
               Query("max(time() - max by (model) (ml_training_last_success_timestamp_seconds"
                     "{@training}))", "age"), width=6, limits=(259200, 604800), spark=False,
               decimals=1),
        number("Failed runs", "Training runs that failed in the shown time. Alert: TrainingFailed.",
               "short",
               Query("sum(increase(ml_training_failures_total{@training}[@range]))", "failed"),
               width=6, limits=(1, 3), decimals=0),
        number("Oldest served model", "Age of the training data's model that is served; the worst "
               "model. Alert: ModelOld.", "s",
               Query("max(time() - max by (model, version) (ml_model_trained_timestamp_seconds"
                     "{@training}))", "age"), width=6, limits=(2592000, 5184000), spark=False,
               decimals=1),
        rows("Runs", "The last run of each model, the longest without success first.",
             {"model": "Model"},
             Column("Since success", "time() - max by (model) "
                    "(ml_training_last_success_timestamp_seconds{@training})", "s", 1,
                    (259200, 604800)),
             Column("Duration", "max by (model) (ml_training_duration_seconds{@training})", "s", 1),
             Column("Rows", "max by (model) (ml_training_rows{@training})", "short"),
             Column("Epoch", "max by (model) (ml_training_epoch{@training})", "short"),
             Column("Step", "max by (model) (ml_training_step{@training})", "short"),
             Column("Failures", "sum by (model) (increase(ml_training_failures_total{@training}"
                    "[@range]))", "short", 0, (1, 3)),
             sort="Since success", width=24, height=7),
        graph("Learning curves", "The metrics that training reports, by split: training that rises "
              "while validation falls is overfitting.", "short",
              Query("max by (model, split, metric) (ml_training_metric{@training})",
                    "{{model}} {{split}} {{metric}}"), by_name=True, bottom=None, decimals=3,
              width=24),
        graph("Progress", "Epochs of the running training.", "short",
              Query("max by (model) (ml_training_epoch{@training})", "{{model}}"), by_name=True,
              width=8),
        graph("Labels", "Labels per second: what turned out to be true of predictions.", "ops",
              Query("sum by (model) (rate(ml_labels_received_total{@training}[@rate]))",
                    "{{model}}"), by_name=True, width=8),
        graph("Time since last label", "Time since the last label of each model; without labels its "
              "quality is unknown.", "s",
              Query("time() - max by (model) (ml_label_last_received_timestamp_seconds{@training})",
                    "{{model}}"), by_name=True, width=8),
        bars("Feature importance", "How much each feature weighs in the last trained model; the "
             "twenty heaviest.", "short",
             Query("topk(20, max by (model, feature) (ml_training_feature_importance{@training}))",
                   "{{model}} {{feature}}"), height=10),
        rows("Features in training", "Mean, standard deviation and median of each feature in the "
             "training data.",
             {"model": "Model", "feature": "Feature"},
             Column("Mean", "max by (model, feature) (ml_training_feature_mean{@training})",
                    "short", 3),
             Column("Standard deviation",
                    "max by (model, feature) (ml_training_feature_stddev{@training})", "short", 3),
             Column("Median", "max by (model, feature) (ml_training_feature_median{@training})",
                    "short", 3),
             sort="Mean", width=12, height=10))


def business(board: Board):
    value = "max by (model, kpi) (ml_business_value{@business})"
    target = "max by (model, kpi) (ml_business_target{@business})"
    flow = "sum by (model, kpi) (rate(ml_business_value_total{@business}[@rate]))"
    loss = "sum by (model, kpi) (rate(ml_business_loss_total{@business}[@rate]))"
    board.row(
        "Business",
        bars("Value against target", "Each KPI as a share of its target, for KPIs that are pushed as "
             "a gauge. Alert: BusinessTargetMissed below 100 %.", "percentunit",
             Query(f"{value} / ({target} > 0)", "{{model}} {{kpi}}"), height=8),
        graph("Values and targets", "KPIs that are pushed as a gauge, and their targets dashed. The "
              "marks are model loads: they tell whether a new version pays.", "short",
              Query(value, "{{model}} {{kpi}}"),
              Query(target, "{{model}} {{kpi}} target", dashed=True), bottom=None),
        graph("Earned and lost", "KPIs that are pushed as a counter, per second; losses below the "
              "axis.", "short",
              Query(flow, "{{model}} {{kpi}}"), Query(loss, "{{model}} {{kpi}} lost", below=True)),
        graph("Sum of the shown time", "What each counted KPI gained in the shown time, less losses.",
              "short",
              Query("sum by (model, kpi) (increase(ml_business_value_total{@business}[@range])) - "
                    "(sum by (model, kpi) (increase(ml_business_loss_total{@business}[@range])) or "
                    "0 * sum by (model, kpi) (ml_business_value_total{@business}))",
                    "{{model}} {{kpi}}"), by_name=True, bottom=None),
        graph("Value per prediction", "What each prediction earned, for counted KPIs.", "short",
              Query("sum by (model, kpi) (rate(ml_business_value_total{@business}[@rate])) / "
                    "on (model) group_left () (sum by (model) "
                    "(rate(ml_predictions_total{@training}[@rate])) > 0)", "{{model}} {{kpi}}"),
              by_name=True, bottom=None),
        graph("Observations since training", "Rows predicted on all hosts since the last successful training; dashed the "
              "count that asks for a new one, for models whose configuration has one.", "short",
              # Until the rule has its first value, or where it is not loaded: what the daemons count.
              Query('max by (model) (model:ml_observations_since_training{model=~"$model"})'
                    " or sum by (model) (ml_observations_since_training{@training})",
                    "{{model}}"),
              Query("max by (model) (ml_retrain_observation_threshold{@training})",
                    "{{model}} limit", dashed=True)))


def build() -> Board:
    board = Board(
        TRAINING, "ml_exporter / Training and business",
        "Whether models are trained, whether they get better, and whether they pay.",
        [*host_choices("ml_exporter_build_info"),
         choice("model", "Model",
                'label_values({__name__=~"ml_training_last_success_timestamp_seconds|'
                'ml_training_metric|ml_business_value|ml_business_value_total",@host}, model)',
                ".*", "Models"),
         choice("version", "Version",
                'label_values(ml_model_loaded_timestamp_seconds{@host,model=~"$model"}, version)',
                ".*", "Versions, for the marks of model loads"),
         choice("variant", "Variant",
                'label_values(ml_model_loaded_timestamp_seconds{@host,model=~"$model"}, variant)',
                ".*", "Variants, for the marks of model loads"),
         choice("kpi", "KPI",
                'label_values({__name__=~"ml_business_value|ml_business_value_total",@host,'
                'model=~"$model"}, kpi)', ".*", "Business figures")],
        [firing(',model=~"$model",model!=""'), loads()], time="now-7d")
    training(board)
    business(board)
    return board
