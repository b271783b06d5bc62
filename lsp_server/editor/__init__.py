"""What the editor says and hears: the only modules that know pygls and lsprotocol, beside the documents."""
