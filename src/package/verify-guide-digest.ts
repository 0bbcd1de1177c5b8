/** SHA-256 of VERIFY.md, by which every checker knows it: the text itself is for who packs (docs/spec/18-package.md). */
export const verifyGuideSha256 = 'c09547723d0323d5129003893015fce293ae0d55540a63ddad5467834c2cea4a'
