// The address of the viewer and the domain that it called, in place of what the viewer sent; API Gateway
// sees those of CloudFront.
function handler(event) {
  var request = event.request;
  request.headers["x-viewer-address"] = { value: event.viewer.ip };
  request.headers["x-viewer-host"] = { value: request.headers.host.value };
  return request;
}
