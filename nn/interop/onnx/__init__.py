"""To ONNX: `writing` by a `graph` of the `layers`, with the `data` around them."""
