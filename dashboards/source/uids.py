"""The dashboards' addresses. They stand in alerts and bookmarks and never change."""

FLEET = "ml-exporter-fleet"
HOST = "ml-exporter-host"
SERVING = "ml-exporter-serving"
TRAINING = "ml-exporter-training"
DAEMON = "ml-exporter-daemon"
