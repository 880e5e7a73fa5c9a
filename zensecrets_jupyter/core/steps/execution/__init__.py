"""The execution of pipelines: record the graph, run the steps, store the results."""
