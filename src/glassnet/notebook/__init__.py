"""What a Jupyter notebook shows of networks, histories and data sets."""

from glassnet.notebook.views import dataset_html, history_html, network_html

__all__ = ["dataset_html", "history_html", "network_html"]
