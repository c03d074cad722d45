"""One address for the portal, the API below ``/v1``, and the API's document below ``/docs``.

On AWS, CloudFront does the same for the portal and the API. Nothing of this package is deployed.
"""
