{{- define "ml-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "ml-exporter.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 58 | trimSuffix "-" }}
{{- else if contains (include "ml-exporter.name" .) .Release.Name }}
{{- .Release.Name | trunc 58 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "ml-exporter.name" .) | trunc 58 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "ml-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ml-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ml-exporter.labels" -}}
{{ include "ml-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "ml-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "ml-exporter.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "ml-exporter.image" -}}
{{- with .Values.image.registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}
{{- else }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- /* The limits of a PodMonitor and of a ServiceMonitor. */}}
{{- define "ml-exporter.scrapeLimits" -}}
sampleLimit: {{ int64 .Values.prometheus.sampleLimit }}
targetLimit: {{ int64 .Values.prometheus.targetLimit }}
labelLimit: {{ int64 .Values.prometheus.labelLimit }}
labelNameLengthLimit: {{ int64 .Values.prometheus.labelNameLengthLimit }}
labelValueLengthLimit: {{ int64 .Values.prometheus.labelValueLengthLimit }}
{{- end }}

{{- /* The two jobs of deploy/prometheus/prometheus.yml: (dict "monitor" VALUES "drop" REGEX). What jobs
pushed to Pushgateway's paths keeps its own job and instance. The labels about the pod would make every
series of the node new at each rollout. */}}
{{- define "ml-exporter.endpoints" -}}
{{- $monitor := .monitor }}
{{- $drop := .drop }}
{{- range $job, $params := dict "ml_exporter" "exclude[]" "ml_exporter_groups" "collect[]" }}
- port: telemetry
  path: /metrics
  params:
    {{ $params }}: [groups]
  interval: {{ $monitor.interval }}
  scrapeTimeout: {{ $monitor.scrapeTimeout }}
  honorLabels: {{ eq $params "collect[]" }}
  relabelings:
    - {sourceLabels: [__meta_kubernetes_pod_node_name], targetLabel: instance}
    - {targetLabel: job, replacement: {{ $job }}}
    {{- if eq $params "collect[]" }}
    # Two nodes to which the same group was pushed stay two series.
    - {sourceLabels: [__meta_kubernetes_pod_node_name], targetLabel: exporter}
    {{- end }}
    - {action: labeldrop, regex: {{ $drop }}}
    {{- with $monitor.relabelings }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $monitor.metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}
