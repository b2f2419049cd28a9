{{- define "stuntdouble.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "stuntdouble.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- $name := include "stuntdouble.name" . }}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "stuntdouble.selector" -}}
app.kubernetes.io/name: {{ include "stuntdouble.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "stuntdouble.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "stuntdouble.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "stuntdouble.image" -}}
{{- $tag := default .Chart.AppVersion .Values.image.tag -}}
{{ .Values.image.repository }}:{{ $tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "stuntdouble.secretName" -}}
{{ default (include "stuntdouble.fullname" .) .Values.secret.existing }}
{{- end }}

{{- /*
The configuration of a node: that of the values, with the hosts and ports of the chart. An event loop for each core that a node
requests: it sees all cores of its machine.
*/}}
{{- define "stuntdouble.config" -}}
{{- $config := deepCopy .Values.config }}
{{- if not (hasKey $config "workers") }}
{{- $_ := set $config "workers" (max 1 (ceil (include "stuntdouble.cores" . | float64) | int)) }}
{{- end }}
{{- $ports := dict "listen" (dict "host" "0.0.0.0" "port" 8080) "admin" (dict "host" "0.0.0.0" "port" 8081) }}
{{- if .Values.extProc }}
{{- $_ := set $ports "extProc" (dict "host" "0.0.0.0" "port" 8082) }}
{{- end }}
{{- if .Values.adminToken.secretName }}
{{- $_ := set $ports.admin "tokenEnv" "STUNTDOUBLE_ADMIN_TOKEN" }}
{{- end }}
{{- mustMergeOverwrite $config $ports | toYaml }}
{{- end }}

{{- /* Seconds that a graceful shutdown may take. */}}
{{- define "stuntdouble.gracePeriod" -}}
{{- if .Values.terminationGracePeriodSeconds }}
{{- int .Values.terminationGracePeriodSeconds }}
{{- else }}
{{- $listen := default dict .Values.config.listen }}
{{- $delay := ternary $listen.drainDelayMs 5000 (hasKey $listen "drainDelayMs") }}
{{- $drain := ternary $listen.drainMs 30000 (hasKey $listen "drainMs") }}
{{- add (ceil (divf (add (int $delay) (int $drain)) 1000)) 5 }}
{{- end }}
{{- end }}

{{- /* CPU cores that a node requests, as a number. */}}
{{- define "stuntdouble.cores" -}}
{{- $cpu := toString .Values.resources.requests.cpu }}
{{- ternary (divf (trimSuffix "m" $cpu | float64) 1000) (float64 $cpu) (hasSuffix "m" $cpu) }}
{{- end }}
