internal import Exposition
internal import Series

/// The families of models, in the order of the page.
final class Families: Sendable {
    static let all = Families()

    let descriptors: MetricDescriptors

    // By model, version and variant.
    let requests, predictions, errors, duration, stages, batchSize: MetricDescriptor
    let inFlight, queued: MetricDescriptor
    let tokens, requestTokens, timeToFirstToken, timePerOutputToken: MetricDescriptor
    let finished, cacheUsage: MetricDescriptor
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
            "ml_requests_total", shape: .counter, help: "Requests to a model, by outcome.")
        predictions = list.add(
            "ml_predictions_total", shape: .counter,
            help: "Rows that requests asked to predict: each request counts its batch size.")
        errors = list.add(
            "ml_request_errors_total", shape: .counter,
            help: "Requests that failed, by the reason that the service gave.")
        duration = list.add(
            "ml_request_duration_seconds", shape: .histogram(BucketFamily.duration.standard),
            help: "Duration of requests in seconds.")
        stages = list.add(
            "ml_request_stage_duration_seconds", shape: .histogram(BucketFamily.stage.standard),
            help: "Duration of the stages of requests in seconds.")
        inFlight = list.add(
            "ml_requests_in_flight", shape: .gauge,
            help: "Requests being served, summed over the producers with a lease.")
        queued = list.add(
            "ml_requests_queued", shape: .gauge,
            help: "Requests waiting, summed over the producers with a lease.")
        batchSize = list.add(
            "ml_request_batch_size", shape: .histogram(BucketFamily.batchSize.standard),
            help: "Rows per request, of requests with a batch size.")
        tokens = list.add(
            "ml_tokens_total", shape: .counter, help: "Tokens read (input) and generated (output).")
        requestTokens = list.add(
            "ml_request_tokens", shape: .histogram(BucketFamily.requestTokens.standard),
            help: "Tokens per request: length of the prompt (input) and of the response (output).")
        finished = list.add(
            "ml_requests_finished_total", shape: .counter,
            help: "Responses of language models, by the reason why they ended.")
        cacheUsage = list.add(
            "ml_kv_cache_usage_ratio", shape: .gauge,
            help:
                "Used share of the key-value cache, 0 to 1: maximum over the producers with a lease."
        )
        timeToFirstToken = list.add(
            "ml_time_to_first_token_seconds",
            shape: .histogram(BucketFamily.timeToFirstToken.standard),
            help: "Time to the first token of a response in seconds.")
        timePerOutputToken = list.add(
            "ml_time_per_output_token_seconds",
            shape: .histogram(BucketFamily.timePerOutputToken.standard),
            help: "Mean time per token after the first of a response in seconds.")
        inputRows = list.add(
            "ml_input_rows_total", shape: .counter,
            help: "Rows of input: each request counts its batch size.")
        invalidRows = list.add(
            "ml_input_rows_invalid_total", shape: .counter,
            help:
                "Rows of input with at least one error: one per event, or as many as its input errors say."
        )
        inputErrors = list.add(
            "ml_input_validation_errors_total", shape: .counter,
            help: "Errors in the input, by feature and reason.")
        featureRows = list.add(
            "ml_feature_rows_total", shape: .counter,
            help:
                "Features objects with this feature, with or without a value: one per event, whatever its batch size."
        )
        featureValues = list.add(
            "ml_feature_values_total", shape: .counter, help: "Valid values of a feature.")
        featureMissing = list.add(
            "ml_feature_missing_total", shape: .counter,
            help: "Features objects in which this feature was null.")
        featureNotFinite = list.add(
            "ml_feature_not_finite_total", shape: .counter,
            help: "Values of a numeric feature that were not finite numbers.")
        labelsReceived = list.add(
            "ml_labels_received_total", shape: .counter,
            help: "Labels (true values of predictions) received.")
        labelLast = list.add(
            "ml_label_last_received_timestamp_seconds", shape: .gauge,
            help: "Unix time of the last label.")
        info = list.add(
            "ml_model_info", shape: .info, help: "A metric with a constant '1' value about a model."
        )
        loaded = list.add(
            "ml_model_loaded_timestamp_seconds", shape: .gauge,
            help: "Unix time at which a model was last loaded.")
        trained = list.add(
            "ml_model_trained_timestamp_seconds", shape: .gauge,
            help: "Unix time at which a model was trained.")
        reloads = list.add(
            "ml_model_reloads_total", shape: .counter, help: "Loads of a model after the first.")
        trainingMetric = list.add(
            "ml_training_metric", shape: .gauge, help: "Last value of a metric of training.")
        trainingEpoch = list.add(
            "ml_training_epoch", shape: .gauge, help: "Current epoch of the training.")
        trainingStep = list.add(
            "ml_training_step", shape: .gauge, help: "Current step of the training.")
        trainingImportance = list.add(
            "ml_training_feature_importance", shape: .gauge,
            help: "Importance of a feature in the last training.")
        trainingMean = list.add(
            "ml_training_feature_mean", shape: .gauge,
            help: "Mean of a feature in the training data.")
        trainingStddev = list.add(
            "ml_training_feature_stddev", shape: .gauge,
            help: "Standard deviation of a feature in the training data.")
        trainingMedian = list.add(
            "ml_training_feature_median", shape: .gauge,
            help: "Median of a feature in the training data.")
        trainingDuration = list.add(
            "ml_training_duration_seconds", shape: .gauge,
            help: "Duration of the last training in seconds.")
        trainingRows = list.add(
            "ml_training_rows", shape: .gauge, help: "Rows of the data of the last training.")
        trainingSuccess = list.add(
            "ml_training_last_success_timestamp_seconds", shape: .gauge,
            help: "Unix time of the last successful training event.")
        trainingFailures = list.add(
            "ml_training_failures_total", shape: .counter, help: "Trainings that failed.")
        trainingInfo = list.add(
            "ml_training_info", shape: .info,
            help: "A metric with a constant '1' value labeled by the last training's run.")
        observations = list.add(
            "ml_observations_since_training", shape: .gauge,
            help:
                "Rows predicted since the last successful training event that this daemon received.",
            formerName: "ml_observations_since_training_total")
        retrainThreshold = list.add(
            "ml_retrain_observation_threshold", shape: .gauge,
            help: "Rows after which a model should be retrained, from the settings file.")
        businessValueTotal = list.add(
            "ml_business_value_total", shape: .sum,
            help: "Sum of the positive increments of a KPI.",
            sharesStem: true)
        businessLossTotal = list.add(
            "ml_business_loss_total", shape: .sum,
            help: "Sum of the negative increments of a KPI, as a positive number.")
        businessValue = list.add(
            "ml_business_value", shape: .gauge, help: "Current value of a KPI.")
        businessTarget = list.add(
            "ml_business_target", shape: .gauge, help: "Target value of a KPI.")
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
        case .requestTokens: requestTokens
        }
    }
}
