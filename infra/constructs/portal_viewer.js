// The address of the viewer, in place of what the viewer sent; API Gateway sees that of CloudFront.
function handler(event) {
  var request = event.request;
  request.headers["x-viewer-address"] = { value: event.viewer.ip };
  return request;
}
