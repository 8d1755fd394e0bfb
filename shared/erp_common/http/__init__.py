"""The transport: how an ERP is called. It knows HTTP and nothing of accounting."""
