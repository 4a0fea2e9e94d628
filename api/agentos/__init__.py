"""The AgentOS door: the routes at the root. Its words stay in here; everything it does is a service function below."""
