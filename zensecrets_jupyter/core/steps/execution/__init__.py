"""The execution of pipelines: record the graph, run or reuse each step, and keep the results."""
