"""The routes of both APIs, each with who is asked whether a call may pass."""

from translated import resources, shown


def routes(template: dict) -> dict:
    """`"GET /keys": "JWT ${People}"`; an open one is `"open"`."""
    found = {}
    for name, route in resources(template, "AWS::ApiGatewayV2::Route").items():
        kind = route.get("AuthorizationType", "NONE")
        authorizer = shown(route.get("AuthorizerId", ""))
        found[route.get("RouteKey", name)] = "open" if kind == "NONE" else f"{kind} {authorizer}".strip()
    for api in resources(template, "AWS::ApiGateway::RestApi").values():
        for path, operations in api["Body"]["paths"].items():
            for method, operation in operations.items():
                schemes = operation.get("security", api["Body"].get("security", []))
                names = [name for scheme in schemes for name in scheme]
                found[f"{method.upper()} {path}"] = f"custom {' or '.join(names)}" if names else "open"
    return found


def open_operations(body: dict) -> list[str]:
    """The operations of an OpenAPI body that no authorizer stands before: `"POST /authorize"`."""
    return [
        f"{method.upper()} {path}"
        for path, operations in body["paths"].items()
        for method, operation in operations.items()
        if not operation.get("security", body.get("security", []))
    ]


def intended(route: str) -> str:
    """Who must be asked about a route that is not open: the gallery signs, people have a token, pushes have a key."""
    path = route.partition(" ")[2]
    if path.startswith("/directory") or path == "/legacy-keys":
        return "AWS_IAM"
    return "custom push" if path.startswith("/api/v2/") else "JWT ${People}"
