"""One address for the portal, the paths of the API, and the OpenAPI document below ``/docs``.

On AWS, CloudFront serves the portal and the API at one address. This package is not deployed.
"""
