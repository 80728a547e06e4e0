internal import Exposition
internal import Series

/// The families that models fill, in the order of the page.
final class Families: Sendable {
    static let all = Families()

    let descriptors: MetricDescriptors

    // By model, version and variant.
    let requests, predictions, errors, duration, stages, batchSize: MetricDescriptor
    let inFlight, queued: MetricDescriptor
    let tokens, timeToFirstToken, timePerOutputToken: MetricDescriptor
    let inputRows, invalidRows, inputErrors: MetricDescriptor
    let featureRows, featureValues, featureMissing, featureNotFinite: MetricDescriptor
    let labelsReceived, labelLast: MetricDescriptor
    let info, loaded, trained, reloads: MetricDescriptor

    // By model.
    let trainingMetric, trainingEpoch, trainingStep, trainingImportance: MetricDescriptor
    let trainingMean, trainingStddev, trainingMedian: MetricDescriptor
    let trainingDuration, trainingRows, trainingSuccess, trainingFailures: MetricDescriptor
    let trainingInfo: MetricDescriptor
    let observations, retrainThreshold: MetricDescriptor
    let businessValueTotal, businessLossTotal, businessValue, businessTarget: MetricDescriptor

    // By process of a producer.
    let processCPU, processMemory, processThreads, processFiles: MetricDescriptor
    let processRead, processWritten, processModel: MetricDescriptor

    private init() {
        var list = MetricDescriptors()
        requests = list.add(
            "ml_requests_total", shape: .counter, help: "Requests to a model by how they ended.")
        predictions = list.add(
            "ml_predictions_total", shape: .counter,
            help: "Rows that a model was asked to predict: a request counts as its batch size.")
        errors = list.add(
            "ml_request_errors_total", shape: .counter,
            help: "Requests that did not end well, by the reason that the service gave.")
        duration = list.add(
            "ml_request_duration_seconds", shape: .histogram(BucketFamily.duration.standard),
            help: "How long requests took.")
        stages = list.add(
            "ml_request_stage_duration_seconds", shape: .histogram(BucketFamily.stage.standard),
            help: "How long requests spent in each stage.")
        inFlight = list.add(
            "ml_requests_in_flight", shape: .gauge,
            help: "Requests being served, summed over the producers that are alive.")
        queued = list.add(
            "ml_requests_queued", shape: .gauge,
            help: "Requests waiting, summed over the producers that are alive.")
        batchSize = list.add(
            "ml_request_batch_size", shape: .histogram(BucketFamily.batchSize.standard),
            help: "Rows per request, of requests that told them.")
        tokens = list.add(
            "ml_tokens_total", shape: .counter, help: "Tokens read (input) and generated (output).")
        timeToFirstToken = list.add(
            "ml_time_to_first_token_seconds",
            shape: .histogram(BucketFamily.timeToFirstToken.standard),
            help: "Time until the first token of an answer.")
        timePerOutputToken = list.add(
            "ml_time_per_output_token_seconds",
            shape: .histogram(BucketFamily.timePerOutputToken.standard),
            help: "Time per token after the first, a mean per answer.")
        inputRows = list.add("ml_input_rows_total", shape: .counter, help: "Rows of input.")
        invalidRows = list.add(
            "ml_input_rows_invalid_total", shape: .counter,
            help: "Rows of input with at least one error.")
        inputErrors = list.add(
            "ml_input_validation_errors_total", shape: .counter,
            help: "Errors found in the input, by feature and reason.")
        featureRows = list.add(
            "ml_feature_rows_total", shape: .counter,
            help: "Rows that named a feature, with or without a value.")
        featureValues = list.add(
            "ml_feature_values_total", shape: .counter, help: "Usable values of a feature.")
        featureMissing = list.add(
            "ml_feature_missing_total", shape: .counter, help: "Rows in which a feature was null.")
        featureNotFinite = list.add(
            "ml_feature_not_finite_total", shape: .counter,
            help: "Values of a numeric feature that were no finite number.")
        labelsReceived = list.add(
            "ml_labels_received_total", shape: .counter,
            help: "Labels: what turned out to be true of predictions.")
        labelLast = list.add(
            "ml_label_last_received_timestamp_seconds", shape: .gauge,
            help: "When a label last came.")
        info = list.add(
            "ml_model_info", shape: .info, help: "A metric with a constant '1' value about a model."
        )
        loaded = list.add(
            "ml_model_loaded_timestamp_seconds", shape: .gauge,
            help: "When a model was last loaded.")
        trained = list.add(
            "ml_model_trained_timestamp_seconds", shape: .gauge, help: "When a model was trained.")
        reloads = list.add(
            "ml_model_reloads_total", shape: .counter, help: "Loads of a model after the first.")
        trainingMetric = list.add(
            "ml_training_metric", shape: .gauge, help: "The last value of a metric of training.")
        trainingEpoch = list.add(
            "ml_training_epoch", shape: .gauge, help: "The epoch that training has reached.")
        trainingStep = list.add(
            "ml_training_step", shape: .gauge, help: "The step that training has reached.")
        trainingImportance = list.add(
            "ml_training_feature_importance", shape: .gauge,
            help: "How important a feature was in the last training.")
        trainingMean = list.add(
            "ml_training_feature_mean", shape: .gauge,
            help: "The mean of a feature in the training data.")
        trainingStddev = list.add(
            "ml_training_feature_stddev", shape: .gauge,
            help: "The standard deviation of a feature in the training data.")
        trainingMedian = list.add(
            "ml_training_feature_median", shape: .gauge,
            help: "The median of a feature in the training data.")
        trainingDuration = list.add(
            "ml_training_duration_seconds", shape: .gauge, help: "How long the last training took.")
        trainingRows = list.add(
            "ml_training_rows", shape: .gauge, help: "Rows of the last training's data.")
        trainingSuccess = list.add(
            "ml_training_last_success_timestamp_seconds", shape: .gauge,
            help: "When a training last succeeded.")
        trainingFailures = list.add(
            "ml_training_failures_total", shape: .counter, help: "Trainings that failed.")
        trainingInfo = list.add(
            "ml_training_info", shape: .info,
            help: "A metric with a constant '1' value labeled by the last training's run.")
        observations = list.add(
            "ml_observations_since_training_total", shape: .counter,
            help: "Rows predicted since the last training that succeeded.")
        retrainThreshold = list.add(
            "ml_retrain_observation_threshold", shape: .gauge,
            help: "Rows after which a model should be trained anew.")
        businessValueTotal = list.add(
            "ml_business_value_total", shape: .sum, help: "What a model has earned, by KPI.",
            sharesStem: true)
        businessLossTotal = list.add(
            "ml_business_loss_total", shape: .sum, help: "What a model has lost, by KPI.")
        businessValue = list.add(
            "ml_business_value", shape: .gauge, help: "Where a KPI stands.")
        businessTarget = list.add(
            "ml_business_target", shape: .gauge, help: "Where a KPI should stand.")
        processCPU = list.add(
            "ml_producer_process_cpu_seconds_total", shape: .sum,
            help: "User and system CPU time of a process that pushes over the Unix socket.")
        processMemory = list.add(
            "ml_producer_process_resident_memory_bytes", shape: .gauge,
            help: "Resident memory of a process that pushes over the Unix socket.")
        processThreads = list.add(
            "ml_producer_process_threads", shape: .gauge,
            help: "Threads of a process that pushes over the Unix socket.")
        processFiles = list.add(
            "ml_producer_process_open_fds", shape: .gauge,
            help: "Open file descriptors of a process that pushes over the Unix socket.")
        processRead = list.add(
            "ml_producer_process_read_bytes_total", shape: .counter,
            help: "Bytes that a process that pushes over the Unix socket fetched from storage.")
        processWritten = list.add(
            "ml_producer_process_written_bytes_total", shape: .counter,
            help: "Bytes that a process that pushes over the Unix socket sent to storage.")
        processModel = list.add(
            "ml_producer_model_info", shape: .info,
            help: "A metric with a constant '1' value: which process pushes for which model.")
        descriptors = list
    }

    func descriptor(of family: BucketFamily) -> MetricDescriptor {
        switch family {
        case .duration: duration
        case .stage: stages
        case .batchSize: batchSize
        case .timeToFirstToken: timeToFirstToken
        case .timePerOutputToken: timePerOutputToken
        }
    }
}
