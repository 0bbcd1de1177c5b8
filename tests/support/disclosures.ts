/** Whether a text begins as every disclosure does: base64url of `["` and of the first character of a salt, whose first two bits are 00 or 01. */
export function isDisclosureText(text: string): boolean {
  return /^Wy[IJ]/.test(text)
}
