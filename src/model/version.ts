// The version of this package; the release sets it here and in package.json, and a test holds them together.
export const version = "0.1.0";
