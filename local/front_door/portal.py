"""The portal of the local cloud: build it, configure it, and serve it with the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra.portal_headers import SIGNED_IN_PATH
from local.cloud.errors import LocalCloudError
from local.cloud.process import ROOT
from local.deployment import STAGE, Deployment, Step, silent
from local.front_door.files import PortalFiles
from local.front_door.server import serving
from local.users import PASSWORD, USERS
from tools.portal_build import PortalBuildError, PortalSource
from tools.portal_configuration import portal_configuration

PAYER: Final = ROOT / "data" / "payer"
_NOT_IN_UPDATES: Final = frozenset(
    {"CallbackURLs", "CreationDate", "LastModifiedDate", "LogoutURLs"}
)


def build(step: Step = silent) -> Path:
    """Build the portal if its sources have changed; return the folder of its files.

    Raises:
        LocalCloudError: It cannot be built.
    """
    source = PortalSource()
    try:
        with step("build the portal"):
            source.build()
    except PortalBuildError as error:
        raise LocalCloudError(str(error)) from None
    return source.dist


@contextmanager
def served(deployment: Deployment, dist: Path, port: int = 0) -> Iterator[str]:
    """Serve portal, API and OpenAPI viewer during the ``with`` block; yield the address.

    Raises:
        LocalCloudError: The port is in use, or the viewer is not installed.
    """
    files = portal_files(deployment, dist)
    cloud = deployment.cloud.endpoint_url
    with serving(api_url=deployment.api_url, cloud_url=cloud, portal=files, port=port) as address:
        allow_origin(deployment, address)
        yield address


def portal_files(deployment: Deployment, dist: Path) -> PortalFiles:
    """Return the files of the portal, with the configuration for this deployment and the logo."""
    payer = deployment.deps.payer
    branding = payer.branding
    return PortalFiles(
        dist=dist,
        configuration=portal_configuration(
            outputs=deployment.outputs,
            stage=STAGE,
            payer=payer,
            sign_in_url=deployment.cloud.endpoint_url,
            sample_users=[
                {"username": user.name, "password": PASSWORD, "description": user.title}
                for user in USERS
            ],
        ),
        extra=(
            {branding.logo.lstrip("/"): PAYER / branding.logo_file}
            if branding.logo and branding.logo_file
            else {}
        ),
    )


def allow_origin(deployment: Deployment, origin: str) -> None:
    """Allow sign-in and uploads from an origin that the template does not contain, as of another port.

    The update of the user pool client and of the bucket's CORS rule is not in the template.
    """
    cognito = deployment.cloud.client("cognito-idp")
    named = {
        "UserPoolId": deployment.outputs["UserPoolId"],
        "ClientId": deployment.outputs["PortalClientId"],
    }
    client = cognito.describe_user_pool_client(**named)["UserPoolClient"]
    callback = f"{origin}{SIGNED_IN_PATH}"
    if callback in client["CallbackURLs"]:
        return
    # UpdateUserPoolClient resets settings that it does not name to their defaults.
    settings = {name: v for name, v in client.items() if v and name not in _NOT_IN_UPDATES}
    cognito.update_user_pool_client(
        **settings,
        CallbackURLs=[*client["CallbackURLs"], callback],
        LogoutURLs=[*client["LogoutURLs"], f"{origin}/"],
    )
    s3 = deployment.cloud.client("s3")
    bucket = deployment.outputs["DocumentsBucketName"]
    (rule,) = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    rule["AllowedOrigins"] = [*rule["AllowedOrigins"], origin]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
