{{- /* The specification of a pod: (dict "root" $ "isGPU" BOOL). */}}
{{- define "ml-exporter.podSpec" -}}
{{- $root := .root }}
{{- $isGPU := .isGPU }}
{{- /* Only root may enter the directory of kubelet's socket. */}}
{{- $isRoot := and .isGPU .root.Values.gpu.podResources.enabled }}
{{- with .root.Values }}
serviceAccountName: {{ include "ml-exporter.serviceAccountName" $root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
hostNetwork: {{ .hostNetwork }}
hostPID: {{ .hostPID }}
dnsPolicy: Default
{{- with .dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if $isGPU }}
runtimeClassName: {{ .gpu.runtimeClassName }}
{{- end }}
terminationGracePeriodSeconds: {{ .terminationGracePeriodSeconds }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $selector := .nodeSelector }}
{{- $affinity := deepCopy (default dict .affinity) }}
{{- if $isGPU }}
{{- $selector = merge (dict .gpu.nodeLabel.key .gpu.nodeLabel.value) $selector }}
{{- else if .gpu.enabled }}
{{- /* Every term of the affinity leaves out the nodes of the other DaemonSet. */}}
{{- $without := dict "key" .gpu.nodeLabel.key "operator" "NotIn" "values" (list .gpu.nodeLabel.value) }}
{{- $node := default dict $affinity.nodeAffinity }}
{{- $required := default dict $node.requiredDuringSchedulingIgnoredDuringExecution }}
{{- $terms := list }}
{{- range default (list dict) $required.nodeSelectorTerms }}
{{- $expressions := append (default list .matchExpressions) $without }}
{{- $terms = append $terms (merge (dict "matchExpressions" $expressions) .) }}
{{- end }}
{{- $required = merge (dict "nodeSelectorTerms" $terms) $required }}
{{- $node = merge (dict "requiredDuringSchedulingIgnoredDuringExecution" $required) $node }}
{{- $affinity = merge (dict "nodeAffinity" $node) $affinity }}
{{- end }}
{{- with $selector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: {{ not $isRoot }}
  runAsUser: {{ ternary 0 10180 $isRoot }}
  runAsGroup: 10180
  seccompProfile:
    type: RuntimeDefault
  {{- with (.seLinuxOptions | default (ternary (dict "type" "spc_t") dict .openshift.enabled)) }}
  seLinuxOptions:
    {{- toYaml . | nindent 4 }}
  {{- end }}
initContainers:
  # kubelet makes the two directories as root.
  - name: owner
    image: {{ include "ml-exporter.image" $root }}
    imagePullPolicy: {{ .image.pullPolicy }}
    # Root enters no directory of another owner without more capabilities than CHOWN: so it takes
    # the directories first. Their files may be of a backup or of another user of the pod.
    command:
      - sh
      - -c
      - chown 0:0 "$@" && chown -R "$OWNER" "$@"
      - owner
      - /run/ml_exporter
      - /var/lib/ml_exporter
    env:
      - {name: OWNER, value: "{{ ternary 0 10180 $isRoot }}:10180"}
    securityContext:
      runAsNonRoot: false
      runAsUser: 0
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities:
        drop: [ALL]
        add: [CHOWN]
    resources:
      requests: {cpu: 10m, memory: 8Mi}
      limits: {cpu: 100m, memory: 32Mi}
    volumeMounts:
      - {name: push, mountPath: /run/ml_exporter}
      - {name: state, mountPath: /var/lib/ml_exporter}
  {{- with .extraInitContainers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
containers:
  - name: ml-exporter
    image: {{ include "ml-exporter.image" $root }}
    imagePullPolicy: {{ .image.pullPolicy }}
    args:
      - --path.procfs=/host/proc
      - --path.sysfs=/host/sys
      - --path.rootfs=/host
      - --path.udev.data=/host/run/udev/data
      - --storage.path=/var/lib/ml_exporter
      {{- with .filesystemMountPointsExclude }}
      - {{ printf "--collector.filesystem.mount-points-exclude=%s" . | quote }}
      {{- end }}
      - --collector.network.exclude-guests
      {{- if ne (int .telemetry.port) 10180 }}
      - --web.listen-address=:{{ .telemetry.port }}
      {{- end }}
      {{- if .push.hostPort }}
      - --push.listen-address=127.0.0.1:10181
      - --push.listen-address=$(HOST_IP):{{ .push.hostPort }}
      {{- end }}
      {{- if $isRoot }}
      - --collector.gpu.pod-resources=/host{{ .gpu.podResources.socket }}
      {{- end }}
      {{- range .extraArgs }}
      - {{ . | quote }}
      {{- end }}
    env:
      - name: HOST_IP
        valueFrom: {fieldRef: {fieldPath: status.hostIP}}
      {{- if $isGPU }}
      - {name: NVIDIA_VISIBLE_DEVICES, value: all}
      - {name: NVIDIA_DRIVER_CAPABILITIES, value: utility}
      {{- end }}
      {{- with .env }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    ports:
      - {name: telemetry, containerPort: {{ .telemetry.port }}, hostPort: {{ .telemetry.port }}, protocol: TCP}
      {{- if .push.hostPort }}
      - {name: push, containerPort: {{ .push.hostPort }}, hostPort: {{ .push.hostPort }}, protocol: TCP}
      {{- end }}
    livenessProbe:
      httpGet: {path: /-/healthy, port: telemetry}
      periodSeconds: 30
      timeoutSeconds: 5
    readinessProbe:
      httpGet: {path: /-/ready, port: telemetry}
      periodSeconds: 10
      timeoutSeconds: 5
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities:
        drop: [ALL]
    {{- with .resources }}
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    volumeMounts:
      - name: host
        mountPath: /host
        readOnly: true
        mountPropagation: {{ .hostRootFsMount.mountPropagation }}
      - {name: push, mountPath: /run/ml_exporter}
      - {name: state, mountPath: /var/lib/ml_exporter}
      {{- with .extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
  {{- with .sidecars }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumes:
  - name: host
    hostPath: {path: /, type: Directory}
  # Pods of this node that push mount this directory, too, and find the socket in it.
  - name: push
    hostPath: {path: /run/ml_exporter, type: DirectoryOrCreate}
  # Of the node and not an emptyDir, which ends with the pod: what was pushed outlives a rollout.
  - name: state
    hostPath: {path: {{ .storage.hostPath }}, type: DirectoryOrCreate}
  {{- with .extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}
