"""What is asked of an answer beyond what schemathesis asks by itself."""

import schemathesis


@schemathesis.check
def undeclared_method_refused(ctx, response, case):
    """A method that the document does not have is refused.

    In place of `unsupported_method`, which takes 405 alone: API Gateway has no route for such a call, which an HTTP API
    answers with 404 and a REST API with 403.
    """
    declared = case.operation.schema.raw_schema["paths"][case.operation.path]
    if response.request.method.lower() in declared or response.request.method == "OPTIONS":
        return
    assert response.status_code in (403, 404, 405), f"{response.request.method} is answered {response.status_code}"
