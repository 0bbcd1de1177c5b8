import type { VectorSet } from './self-test.ts'

/** The vectors of the self-test: names and files of `fixtures/vectors`, to the byte. Written by scripts/self-test.mjs. */
export const selfTestVectors: VectorSet = [
  [
    'ed25519/a-identity',
    String.raw`{
  "format": "ed25519",
  "description": "A is no key though the equation holds: the point is the identity.",
  "rule": "docs/spec/01-primitives.md: A is canonical, torsion-free and not of small order",
  "input": {
    "publicKeyBase64": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "messageBase64": "bWVzc2FnZSAz",
    "signatureBase64": "UQx/sQ+rYs3tgqUEPSIVBooL29jPQC7zK+Fb4Koa44Hp2o7/nof+tXLft/Tt56/D//xB54Z3uvFhB506X872DA=="
  },
  "expect": {
    "valid": false,
    "code": "signature-invalid"
  }
}
`,
  ],
  [
    'ed25519/a-non-canonical',
    String.raw`{
  "format": "ed25519",
  "description": "A is no key though the equation holds: the y coordinate is not reduced: the identity as p+1.",
  "rule": "docs/spec/01-primitives.md: A is canonical, torsion-free and not of small order",
  "input": {
    "publicKeyBase64": "7v///////////////////////////////////////38=",
    "messageBase64": "bWVzc2FnZSAxMg==",
    "signatureBase64": "UQx/sQ+rYs3tgqUEPSIVBooL29jPQC7zK+Fb4Koa44Hp2o7/nof+tXLft/Tt56/D//xB54Z3uvFhB506X872DA=="
  },
  "expect": {
    "valid": false,
    "code": "signature-invalid"
  }
}
`,
  ],
  [
    'ed25519/a-order-8',
    String.raw`{
  "format": "ed25519",
  "description": "A is no key though the equation holds: the point has order 8.",
  "rule": "docs/spec/01-primitives.md: A is canonical, torsion-free and not of small order",
  "input": {
    "publicKeyBase64": "JuiVj8KyJ7BFw/SJ8u+Y8NXfrAXTxjM5sTgCiG1T/AU=",
    "messageBase64": "bWVzc2FnZSA4",
    "signatureBase64": "UQx/sQ+rYs3tgqUEPSIVBooL29jPQC7zK+Fb4Koa44Hp2o7/nof+tXLft/Tt56/D//xB54Z3uvFhB506X872DA=="
  },
  "expect": {
    "valid": false,
    "code": "signature-invalid"
  }
}
`,
  ],
  [
    'ed25519/message-changed',
    String.raw`{
  "format": "ed25519",
  "description": "The message is another.",
  "rule": "docs/spec/01-primitives.md: A signature is valid only where SB = R + hA holds, without cofactor",
  "input": {
    "publicKeyBase64": "gB7Jy8LC2gfmpSN8jDf2FM+O00fGxbrTPFPwDQwmMX4=",
    "messageBase64": "ZXZpZGVuY2Y=",
    "signatureBase64": "FHltOB9IPN7wHZ+ohihfUqJrZ+4PCRJGek7k75u+TKYHUes8hvPyBYZS3ttO5ZTFxitoweA4BJE48sDA0/8vBw=="
  },
  "expect": {
    "valid": false,
    "code": "signature-invalid"
  }
}
`,
  ],
  [
    'ed25519/r-torsion',
    String.raw`{
  "format": "ed25519",
  "description": "R is a multiple of the base point plus a point of order 8: only the equation with cofactor holds.",
  "rule": "docs/spec/01-primitives.md: R is canonical, torsion-free and not of small order; the equation has no cofactor",
  "input": {
    "publicKeyBase64": "gB7Jy8LC2gfmpSN8jDf2FM+O00fGxbrTPFPwDQwmMX4=",
    "messageBase64": "ZXZpZGVuY2U=",
    "signatureBase64": "cOSx2J13TWz2STYpiNM1HjBVwcSo8LhecKAC3tghmMx+CD1a10fNydagKIPWkvGfPncCGhBemp068W1ThN4nAg=="
  },
  "expect": {
    "valid": false,
    "code": "signature-invalid"
  }
}
`,
  ],
  [
    'ed25519/rfc8032-1',
    String.raw`{
  "format": "ed25519",
  "description": "RFC 8032, section 7.1, test 1: the empty message.",
  "rule": "docs/spec/01-primitives.md: A signature is valid only where SB = R + hA holds, without cofactor",
  "input": {
    "publicKeyBase64": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "messageBase64": "",
    "signatureBase64": "5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw=="
  },
  "expect": {
    "valid": true
  }
}
`,
  ],
  [
    'ed25519/rfc8032-2',
    String.raw`{
  "format": "ed25519",
  "description": "RFC 8032, section 7.1, test 2: one byte.",
  "rule": "docs/spec/01-primitives.md: A signature is valid only where SB = R + hA holds, without cofactor",
  "input": {
    "publicKeyBase64": "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
    "messageBase64": "cg==",
    "signatureBase64": "kqAJqfDUyrhyDoILX2QlQKKye1QWUD+Ps3YiI+vbadoIWsHkPhWZbkWPNhPQ8R2MOHsurrQwKu6wDSkWErsMAA=="
  },
  "expect": {
    "valid": true
  }
}
`,
  ],
  [
    'ed25519/s-plus-order',
    String.raw`{
  "format": "ed25519",
  "description": "S + L in place of S: the same equation in another spelling.",
  "rule": "docs/spec/01-primitives.md: S < L",
  "input": {
    "publicKeyBase64": "gB7Jy8LC2gfmpSN8jDf2FM+O00fGxbrTPFPwDQwmMX4=",
    "messageBase64": "ZXZpZGVuY2U=",
    "signatureBase64": "FHltOB9IPN7wHZ+ohihfUqJrZ+4PCRJGek7k75u+TKb0JOGZoFYFXlzv1X4t33PaxitoweA4BJE48sDA0/8vFw=="
  },
  "expect": {
    "valid": false,
    "code": "signature-invalid"
  }
}
`,
  ],
  [
    'file/changed',
    String.raw`{
  "format": "file",
  "description": "One letter of the file is another.",
  "rule": "docs/spec/06-receipt.md: A file is compared with the items: size and every listed digest; a mismatch is a fault",
  "input": {
    "receipt": "c2sp.org/tlog-proof@v1\nextra ZXZpZGVuY2UtbGVkZ2VyL2VudHJ5L3YxCjIKMjAyNi0xMS0yMVQwOTozMDowMi4wMDBaCkc1L016OVE4cUhaUi9wMHk5UG42aExGWHRmV0VLUmlNNGpvZ3YvaFNWc2M9CmV5SmhiR2NpT2lKRlpFUlRRU0lzSW5SNWNDSTZJbVYyYVdSbGJtTmxMWE4wWVhSbGJXVnVkQ3R6WkMxcWQzUWlMQ0pyYVdRaU9pSllRbkJMTUZKSlFWRnZXbVkzYXkxWFJqWmtSbWxRTmtFek1WcEhjVkZqZFUxcmMwa3lVbkJhVVhOSkluMC5leUpwYzNNaU9pSmtaWEJ2YzJsMGIzSWlMQ0poZFdRaU9pSmpiM1Z5ZEM1bGVHRnRjR3hsTDJ4bFpHZGxjaTAzWmpOaElpd2lhblJwSWpvaU9EZ3lNelU1WkRjdE1ESXhNaTAwWVRoakxUZzNZV1V0TWpBMU0yUXdObVkxWlRBMUlpd2lhV0YwSWpveE56azFNalV6TkRBd0xDSnJhVzVrSWpvaVpYWnBaR1Z1WTJVdVpHVndiM05wZENJc0ltbDBaVzF6SWpwYmV5SnphWHBsSWpvNUxDSmthV2RsYzNRaU9uc2ljMmhoTWpVMklqb2lPV0ZqWWpGbE5tSXdaREJsT1dabE9EY3pOVEV4TURFMFpXVTFNV1V6TVRZNE5Ea3pPREpoWm1FNU56ZGlabU00T0dJMVkyUmxNalUyWkRnNVlUTTBPU0o5ZlYxOS41VExDN3RLZnZLbC1SaEhPcGpUeU5tMERPQThpTm5MUmZiWTV4Y21LTXlMcTJhWS03VUJUN1JpRFFIclFRS0ZrWHV1V2haS1NNVDd0TFFmcjlNb0FDdwp7ImNydiI6IkVkMjU1MTkiLCJrdHkiOiJPS1AiLCJ4IjoiQU9ZQnh0RmdoSVl2ZHZiNFE3cDBsQzVnTHdCNF9HbUUwdVFDRVZvX3dKOCJ9Cg==\nindex 2\n8UehYMaVJkQOitjAEKtUf4BNO0FS50EiBipMwbsJi5s=\n\ncourt.example/ledger-7f3a\n3\nTLaqiVBWPJUBysEgKI+fzpMyoJbFKx6DdWwflN+7Z3Y=\n\n— court.example/ledger-7f3a ljeCN/lb4O/1CNel6XohqQMzvGHBNCr06qCvd6Ij08XR0P+4PaDDpVMYydl8xuaxamtxCfEK2V33pCKxqIrKgF31kgw=\n",
    "policy": "log court.example/ledger-7f3a+96378237+AWi9wnk2d34bsD+CH2AeW1NfOfyIF8lq/ZlzPFjwTkIk\nquorum none\n",
    "fileBase64": "VGhlIHBob3Rv"
  },
  "expect": {
    "valid": false,
    "code": "file-differs",
    "faults": [
      "file-differs"
    ],
    "unjudged": []
  }
}
`,
  ],
  [
    'file/size-differs',
    String.raw`{
  "format": "file",
  "description": "The listed size is another.",
  "rule": "docs/spec/06-receipt.md: A file is compared with the items: size and every listed digest; a mismatch is a fault",
  "input": {
    "receipt": "c2sp.org/tlog-proof@v1\nextra ZXZpZGVuY2UtbGVkZ2VyL2VudHJ5L3YxCjIKMjAyNi0xMS0yMVQwOTozMDowMi4wMDBaCkc1L016OVE4cUhaUi9wMHk5UG42aExGWHRmV0VLUmlNNGpvZ3YvaFNWc2M9CmV5SmhiR2NpT2lKRlpFUlRRU0lzSW5SNWNDSTZJbVYyYVdSbGJtTmxMWE4wWVhSbGJXVnVkQ3R6WkMxcWQzUWlMQ0pyYVdRaU9pSllRbkJMTUZKSlFWRnZXbVkzYXkxWFJqWmtSbWxRTmtFek1WcEhjVkZqZFUxcmMwa3lVbkJhVVhOSkluMC5leUpwYzNNaU9pSmtaWEJ2YzJsMGIzSWlMQ0poZFdRaU9pSmpiM1Z5ZEM1bGVHRnRjR3hsTDJ4bFpHZGxjaTAzWmpOaElpd2lhblJwSWpvaU9EZ3lNelU1WkRjdE1ESXhNaTAwWVRoakxUZzNZV1V0TWpBMU0yUXdObVkxWlRBMUlpd2lhV0YwSWpveE56azFNalV6TkRBd0xDSnJhVzVrSWpvaVpYWnBaR1Z1WTJVdVpHVndiM05wZENJc0ltbDBaVzF6SWpwYmV5SnphWHBsSWpveE1Dd2laR2xuWlhOMElqcDdJbk5vWVRJMU5pSTZJamxoWTJJeFpUWmlNR1F3WlRsbVpUZzNNelV4TVRBeE5HVmxOVEZsTXpFMk9EUTVNemd5WVdaaE9UYzNZbVpqT0RoaU5XTmtaVEkxTm1RNE9XRXpORGtpZlgxZGZRLjhXaXZ1eFR5UGE1cFowNF91dTVhWXZLd1drY21BZlluQ0wzMnE2XzR4azIwUXZvcUFZNHdabHg3eDV1eW81UnF3Y2pjbEJYdkQzcHJjV0lYOXRwQkJBCnsiY3J2IjoiRWQyNTUxOSIsImt0eSI6Ik9LUCIsIngiOiJBT1lCeHRGZ2hJWXZkdmI0UTdwMGxDNWdMd0I0X0dtRTB1UUNFVm9fd0o4In0K\nindex 2\n8UehYMaVJkQOitjAEKtUf4BNO0FS50EiBipMwbsJi5s=\n\ncourt.example/ledger-7f3a\n3\neR22G+I5EqiQV4FiuakcRbRrMbqoPvrhSjXbkw/ec+c=\n\n— court.example/ledger-7f3a ljeCN+46B3iE1kaI1BOYjuSkJ5fEmeQTBcoSv87uLjdjMLzPB+gYacfAUGLrMNF9pYguDBYcRDWsQNLXN39gS82gkg4=\n",
    "policy": "log court.example/ledger-7f3a+96378237+AWi9wnk2d34bsD+CH2AeW1NfOfyIF8lq/ZlzPFjwTkIk\nquorum none\n",
    "fileBase64": "dGhlIHBob3Rv"
  },
  "expect": {
    "valid": false,
    "code": "file-differs",
    "faults": [
      "file-differs"
    ],
    "unjudged": []
  }
}
`,
  ],
  [
    'file/unchanged',
    String.raw`{
  "format": "file",
  "description": "The file is the one deposited.",
  "rule": "docs/spec/06-receipt.md: A file is compared with the items: size and every listed digest; a mismatch is a fault",
  "input": {
    "receipt": "c2sp.org/tlog-proof@v1\nextra ZXZpZGVuY2UtbGVkZ2VyL2VudHJ5L3YxCjIKMjAyNi0xMS0yMVQwOTozMDowMi4wMDBaCkc1L016OVE4cUhaUi9wMHk5UG42aExGWHRmV0VLUmlNNGpvZ3YvaFNWc2M9CmV5SmhiR2NpT2lKRlpFUlRRU0lzSW5SNWNDSTZJbVYyYVdSbGJtTmxMWE4wWVhSbGJXVnVkQ3R6WkMxcWQzUWlMQ0pyYVdRaU9pSllRbkJMTUZKSlFWRnZXbVkzYXkxWFJqWmtSbWxRTmtFek1WcEhjVkZqZFUxcmMwa3lVbkJhVVhOSkluMC5leUpwYzNNaU9pSmtaWEJ2YzJsMGIzSWlMQ0poZFdRaU9pSmpiM1Z5ZEM1bGVHRnRjR3hsTDJ4bFpHZGxjaTAzWmpOaElpd2lhblJwSWpvaU9EZ3lNelU1WkRjdE1ESXhNaTAwWVRoakxUZzNZV1V0TWpBMU0yUXdObVkxWlRBMUlpd2lhV0YwSWpveE56azFNalV6TkRBd0xDSnJhVzVrSWpvaVpYWnBaR1Z1WTJVdVpHVndiM05wZENJc0ltbDBaVzF6SWpwYmV5SnphWHBsSWpvNUxDSmthV2RsYzNRaU9uc2ljMmhoTWpVMklqb2lPV0ZqWWpGbE5tSXdaREJsT1dabE9EY3pOVEV4TURFMFpXVTFNV1V6TVRZNE5Ea3pPREpoWm1FNU56ZGlabU00T0dJMVkyUmxNalUyWkRnNVlUTTBPU0o5ZlYxOS41VExDN3RLZnZLbC1SaEhPcGpUeU5tMERPQThpTm5MUmZiWTV4Y21LTXlMcTJhWS03VUJUN1JpRFFIclFRS0ZrWHV1V2haS1NNVDd0TFFmcjlNb0FDdwp7ImNydiI6IkVkMjU1MTkiLCJrdHkiOiJPS1AiLCJ4IjoiQU9ZQnh0RmdoSVl2ZHZiNFE3cDBsQzVnTHdCNF9HbUUwdVFDRVZvX3dKOCJ9Cg==\nindex 2\n8UehYMaVJkQOitjAEKtUf4BNO0FS50EiBipMwbsJi5s=\n\ncourt.example/ledger-7f3a\n3\nTLaqiVBWPJUBysEgKI+fzpMyoJbFKx6DdWwflN+7Z3Y=\n\n— court.example/ledger-7f3a ljeCN/lb4O/1CNel6XohqQMzvGHBNCr06qCvd6Ij08XR0P+4PaDDpVMYydl8xuaxamtxCfEK2V33pCKxqIrKgF31kgw=\n",
    "policy": "log court.example/ledger-7f3a+96378237+AWi9wnk2d34bsD+CH2AeW1NfOfyIF8lq/ZlzPFjwTkIk\nquorum none\n",
    "fileBase64": "dGhlIHBob3Rv"
  },
  "expect": {
    "valid": true,
    "item": 0,
    "faults": [],
    "unjudged": []
  }
}
`,
  ],
  [
    'inclusion/index-is-size',
    String.raw`{
  "format": "inclusion",
  "description": "There is no leaf 7 in a tree of 7.",
  "rule": "docs/spec/01-primitives.md: An inclusion proof leads from the leaf to the root (RFC 6962, section 2.1.1)",
  "input": {
    "index": 7,
    "size": 7,
    "leafHashBase64": "S0cR0FayJ4OSwjH9QYWK3qjKiTrQxwSPV9omggAoRf4=",
    "proofBase64": [],
    "rootBase64": "WmH8K1T5z6cXdPJDIUPdQMbLKxGUf69lp9PaXLZRmcg="
  },
  "expect": {
    "valid": false,
    "code": "inclusion-invalid"
  }
}
`,
  ],
  [
    'inclusion/leaf-other',
    String.raw`{
  "format": "inclusion",
  "description": "The leaf is another.",
  "rule": "docs/spec/01-primitives.md: An inclusion proof leads from the leaf to the root (RFC 6962, section 2.1.1)",
  "input": {
    "index": 2,
    "size": 7,
    "leafHashBase64": "nv1u0TfVaSuu7a77BgqauEXqU02wiqeL9Fc+HKzfWz4=",
    "proofBase64": [
      "WL0UluFoSqySAcLmh+565PUclqiw2B7zWDYouT0800U=",
      "/F9riP+FVPdbsvnm85wxsZNtRLaSdu33sSBalVuXYeM=",
      "AVcbVXvHBnJlDUZ8e62DN+CafzVKcgUfI7Q6eCwPSOY="
    ],
    "rootBase64": "WmH8K1T5z6cXdPJDIUPdQMbLKxGUf69lp9PaXLZRmcg="
  },
  "expect": {
    "valid": false,
    "code": "inclusion-invalid"
  }
}
`,
  ],
  [
    'inclusion/size-300',
    String.raw`{
  "format": "inclusion",
  "description": "A leaf past the first tile.",
  "rule": "docs/spec/01-primitives.md: An inclusion proof leads from the leaf to the root (RFC 6962, section 2.1.1)",
  "input": {
    "index": 256,
    "size": 300,
    "leafHashBase64": "lVXli2LZ+J1czWRiKj189v2hRXNHNjyaTObWIuUek9k=",
    "proofBase64": [
      "esKb+hwSZA0n8wGaLqfyLVbGQ+47mZ8j4MtCoNa33c0=",
      "OYzke+0gPd3Z3lG8Bn9zPbRD5ntlpCapHYdgDNE74ck=",
      "CgAZV5VwCzI1U+4bfadtxy2zyKP5xR8wwbPqnHtIzsE=",
      "H3OBkkC7mXie00K6VuqFW5X77rWyJ26L2+WURtmxCe4=",
      "12Z1BPajpRcMVr7W2e7EX3+/xwCm8lKTvDNG1dInV/I=",
      "qHK6c4Th/5/0dM2zA13xVe8+ZGLJT8o0VzrT6YTOVCI=",
      "z17/2xHQknou31Ow5zx4N/ZZQU4AU32l2Q61xMSf8nQ="
    ],
    "rootBase64": "56/ILTiUT8eTBUUygJHUWCMojB9zTL2sBjlnE+vUtdU="
  },
  "expect": {
    "valid": true
  }
}
`,
  ],
  [
    'inclusion/size-7-last',
    String.raw`{
  "format": "inclusion",
  "description": "The last leaf of seven has a shorter proof.",
  "rule": "docs/spec/01-primitives.md: An inclusion proof leads from the leaf to the root (RFC 6962, section 2.1.1)",
  "input": {
    "index": 6,
    "size": 7,
    "leafHashBase64": "+3+GnOi3tR/fcZ/IwhpHNsmMwWCoJWBqgfeKf00iYdk=",
    "proofBase64": [
      "dauSgmjIb0TaXUJBGI7XHkqrLU131tUBF9rZSoQu3gM=",
      "T2MQhKFXxU9U/Psj/164ZQxLoWDClbsTqYMrEJ1SZ34="
    ],
    "rootBase64": "WmH8K1T5z6cXdPJDIUPdQMbLKxGUf69lp9PaXLZRmcg="
  },
  "expect": {
    "valid": true
  }
}
`,
  ],
  [
    'manifest/path-dot-dot',
    String.raw`{
  "format": "manifest",
  "description": "A component is two dots.",
  "rule": "docs/spec/08-manifest.md: Paths are relative: no NUL, no empty, . or .. component, no leading or trailing /",
  "input": {
    "manifestBase64": "ZWQ3MDAyYjQzOWU5YWM4NDVmMjIzNTdkODIyYmFjMTQ0NDczMGZiZGI2MDE2ZDNlYzk0MzIyOTdiOWVjOWY3MyAgYS8uLi9iCg=="
  },
  "expect": {
    "valid": false,
    "code": "manifest-malformed"
  }
}
`,
  ],
  [
    'manifest/tree',
    String.raw`{
  "format": "manifest",
  "description": "The tree that was deposited with it.",
  "rule": "docs/spec/08-manifest.md: The tree of the item is RFC 6962 over the lines without LF; manifest and tree must agree",
  "input": {
    "manifestBase64": "ZWQ3MDAyYjQzOWU5YWM4NDVmMjIzNTdkODIyYmFjMTQ0NDczMGZiZGI2MDE2ZDNlYzk0MzIyOTdiOWVjOWY3MyAgYQplZDcwMDJiNDM5ZTlhYzg0NWYyMjM1N2Q4MjJiYWMxNDQ0NzMwZmJkYjYwMTZkM2VjOTQzMjI5N2I5ZWM5ZjczICBiCmVkNzAwMmI0MzllOWFjODQ1ZjIyMzU3ZDgyMmJhYzE0NDQ3MzBmYmRiNjAxNmQzZWM5NDMyMjk3YjllYzlmNzMgIGMK",
    "tree": {
      "root": "b5defc8e0d7e13a835796c7947f1bcc28c6089379d96de53322baa9a854c5f89",
      "size": 3
    }
  },
  "expect": {
    "valid": true
  }
}
`,
  ],
  [
    'manifest/tree-root-other',
    String.raw`{
  "format": "manifest",
  "description": "The root is another.",
  "rule": "docs/spec/08-manifest.md: The tree of the item is RFC 6962 over the lines without LF; manifest and tree must agree",
  "input": {
    "manifestBase64": "ZWQ3MDAyYjQzOWU5YWM4NDVmMjIzNTdkODIyYmFjMTQ0NDczMGZiZGI2MDE2ZDNlYzk0MzIyOTdiOWVjOWY3MyAgYQplZDcwMDJiNDM5ZTlhYzg0NWYyMjM1N2Q4MjJiYWMxNDQ0NzMwZmJkYjYwMTZkM2VjOTQzMjI5N2I5ZWM5ZjczICBiCmVkNzAwMmI0MzllOWFjODQ1ZjIyMzU3ZDgyMmJhYzE0NDQ3MzBmYmRiNjAxNmQzZWM5NDMyMjk3YjllYzlmNzMgIGMK",
    "tree": {
      "root": "0000000000000000000000000000000000000000000000000000000000000000",
      "size": 3
    }
  },
  "expect": {
    "valid": false,
    "code": "manifest-malformed"
  }
}
`,
  ],
  [
    'receipt/checkpoint-signature',
    String.raw`{
  "format": "receipt",
  "description": "The signature of the checkpoint does not verify.",
  "rule": "docs/spec/06-receipt.md: The checkpoint satisfies the policy",
  "input": {
    "receipt": "c2sp.org/tlog-proof@v1\nextra ZXZpZGVuY2UtbGVkZ2VyL2VudHJ5L3YxCjMKMjAyNi0xMS0yMVQwOTozMDowMy4wMDBaCmZtTytPa2U2ZXJPVGZ4bThLelVIWldRNTc1M1ZYVlJwMTlhaSt1d2ppcjA9CmV5SmhiR2NpT2lKRlpFUlRRU0lzSW5SNWNDSTZJbVYyYVdSbGJtTmxMWE4wWVhSbGJXVnVkQ3R6WkMxcWQzUWlMQ0pyYVdRaU9pSllRbkJMTUZKSlFWRnZXbVkzYXkxWFJqWmtSbWxRTmtFek1WcEhjVkZqZFUxcmMwa3lVbkJhVVhOSkluMC5leUpwYzNNaU9pSmtaWEJ2YzJsMGIzSWlMQ0poZFdRaU9pSmpiM1Z5ZEM1bGVHRnRjR3hsTDJ4bFpHZGxjaTAzWmpOaElpd2lhblJwSWpvaU5EQTBOVEZrWkRVdE5tWmtNQzAwWW1RMkxUZ3lObUl0WldNNE5ETmtOVEZpWWpZM0lpd2lhV0YwSWpveE56azFNalV6TkRBd0xDSnJhVzVrSWpvaVpYWnBaR1Z1WTJVdVpHVndiM05wZENJc0ltbDBaVzF6SWpwYmV5SnphWHBsSWpvNUxDSmthV2RsYzNRaU9uc2ljMmhoTWpVMklqb2lPV0ZqWWpGbE5tSXdaREJsT1dabE9EY3pOVEV4TURFMFpXVTFNV1V6TVRZNE5Ea3pPREpoWm1FNU56ZGlabU00T0dJMVkyUmxNalUyWkRnNVlUTTBPU0o5ZlYwc0lsOXpaQ0k2V3lKTlIxcGpXVmw0ZFVkdk9WTjBXSFZrYXpGR2VpMXZaa05rVW5odE4yeHhTMUJpTm0xRWVHeGZjbDl6SWl3aWRITjZOV0ZyVmtORVFuUnhaWE01WTNWME5rVmFVa2g1V0U4NWVVZFpkMEZFY1VKVlRHY3hOa3BrT0NKZExDSmZjMlJmWVd4bklqb2ljMmhoTFRJMU5pSjkuNFBzRm1pZVFUNUllRXB5aHAtc0Y4VFlVMFV6U2lUcGpsOHlFeDJqWVhXUU1uYndVNWNGaGRKMjJFMVg2TXVmYzVKdXBkdmFaTlNmU3BHSzloUFZHQVEKeyJjcnYiOiJFZDI1NTE5Iiwia3R5IjoiT0tQIiwieCI6IkFPWUJ4dEZnaElZdmR2YjRRN3AwbEM1Z0x3QjRfR21FMHVRQ0VWb193SjgifQo=\nindex 3\nfmO+Oke6erOTfxm8KzUHZWQ5753VXVRp19ai+uwjir0=\n8UehYMaVJkQOitjAEKtUf4BNO0FS50EiBipMwbsJi5s=\nMDNZ6zqc4QDoZ7JsZDfngDginrAmoSKKnt3b/cV8KPE=\n\ncourt.example/ledger-7f3a\n6\nYTss6A7QorgecUy5cBtXBoiCnBgJ3hb1jslxlvDYA0E=\n\n— court.example/ledger-7f3a ljeCN4n9PPVXl4hfJWrKLMNlo5RYLvldGUv/x7LtOCdDs6Bx633IAw7DJ4p7RafbSnHrKEuAb2SiFPRDJ5odVMWOwQg=\n",
    "policy": "log court.example/ledger-7f3a+96378237+AWi9wnk2d34bsD+CH2AeW1NfOfyIF8lq/ZlzPFjwTkIk\nquorum none\n"
  },
  "expect": {
    "valid": false,
    "code": "signature-invalid",
    "faults": [
      "signature-invalid"
    ],
    "unjudged": []
  }
}
`,
  ],
  [
    'receipt/disclosed',
    String.raw`{
  "format": "receipt",
  "description": "Both sealed claims are disclosed, in any order.",
  "rule": "docs/spec/06-receipt.md: A receipt shows inclusion, checkpoint, statement signature, aud, index and each disclosure",
  "input": {
    "receipt": "c2sp.org/tlog-proof@v1\nextra ZXZpZGVuY2UtbGVkZ2VyL2VudHJ5L3YxCjMKMjAyNi0xMS0yMVQwOTozMDowMy4wMDBaCmZtTytPa2U2ZXJPVGZ4bThLelVIWldRNTc1M1ZYVlJwMTlhaSt1d2ppcjA9CmV5SmhiR2NpT2lKRlpFUlRRU0lzSW5SNWNDSTZJbVYyYVdSbGJtTmxMWE4wWVhSbGJXVnVkQ3R6WkMxcWQzUWlMQ0pyYVdRaU9pSllRbkJMTUZKSlFWRnZXbVkzYXkxWFJqWmtSbWxRTmtFek1WcEhjVkZqZFUxcmMwa3lVbkJhVVhOSkluMC5leUpwYzNNaU9pSmtaWEJ2YzJsMGIzSWlMQ0poZFdRaU9pSmpiM1Z5ZEM1bGVHRnRjR3hsTDJ4bFpHZGxjaTAzWmpOaElpd2lhblJwSWpvaU5EQTBOVEZrWkRVdE5tWmtNQzAwWW1RMkxUZ3lObUl0WldNNE5ETmtOVEZpWWpZM0lpd2lhV0YwSWpveE56azFNalV6TkRBd0xDSnJhVzVrSWpvaVpYWnBaR1Z1WTJVdVpHVndiM05wZENJc0ltbDBaVzF6SWpwYmV5SnphWHBsSWpvNUxDSmthV2RsYzNRaU9uc2ljMmhoTWpVMklqb2lPV0ZqWWpGbE5tSXdaREJsT1dabE9EY3pOVEV4TURFMFpXVTFNV1V6TVRZNE5Ea3pPREpoWm1FNU56ZGlabU00T0dJMVkyUmxNalUyWkRnNVlUTTBPU0o5ZlYwc0lsOXpaQ0k2V3lKTlIxcGpXVmw0ZFVkdk9WTjBXSFZrYXpGR2VpMXZaa05rVW5odE4yeHhTMUJpTm0xRWVHeGZjbDl6SWl3aWRITjZOV0ZyVmtORVFuUnhaWE01WTNWME5rVmFVa2g1V0U4NWVVZFpkMEZFY1VKVlRHY3hOa3BrT0NKZExDSmZjMlJmWVd4bklqb2ljMmhoTFRJMU5pSjkuNFBzRm1pZVFUNUllRXB5aHAtc0Y4VFlVMFV6U2lUcGpsOHlFeDJqWVhXUU1uYndVNWNGaGRKMjJFMVg2TXVmYzVKdXBkdmFaTlNmU3BHSzloUFZHQVEKeyJjcnYiOiJFZDI1NTE5Iiwia3R5IjoiT0tQIiwieCI6IkFPWUJ4dEZnaElZdmR2YjRRN3AwbEM1Z0x3QjRfR21FMHVRQ0VWb193SjgifQpXeUpsTUV0WE5GSnlTelIyYVZsMGEzaFhUbXhGY2s1Uklpd2libTkwWlNJc0luTmxaVzRnWVhRZ09TNHpNQ0pkCld5STRTemRVYzFreWRVNUlSWGd3WVhOWlVXOUhiVzVuSWl3aWJtRnRaWE1pTEZzaWNHaHZkRzh1YW5CbklsMWQK\nindex 3\nfmO+Oke6erOTfxm8KzUHZWQ5753VXVRp19ai+uwjir0=\n8UehYMaVJkQOitjAEKtUf4BNO0FS50EiBipMwbsJi5s=\nMDNZ6zqc4QDoZ7JsZDfngDginrAmoSKKnt3b/cV8KPE=\n\ncourt.example/ledger-7f3a\n6\nYTss6A7QorgecUy5cBtXBoiCnBgJ3hb1jslxlvDYA0E=\n\n— court.example/ledger-7f3a ljeCN+Qu2Pq5hAo75bm9X9xi5PYbUNo47Dh6lwiMNDPf1sLqCYWhz3ws+8qW5KMrvV6NDFQs4Y2qz1DOO6kJamepKwg=\n",
    "policy": "log court.example/ledger-7f3a+96378237+AWi9wnk2d34bsD+CH2AeW1NfOfyIF8lq/ZlzPFjwTkIk\nquorum none\n"
  },
  "expect": {
    "valid": true,
    "index": 3,
    "iss": "depositor",
    "kid": "XBpK0RIAQoZf7k-WF6dFiP6A31ZGqQcuMksI2RpZQsI",
    "kind": "evidence.deposit",
    "disclosures": [
      "note",
      "names"
    ],
    "withheld": 0,
    "faults": [],
    "unjudged": []
  }
}
`,
  ],
  [
    'receipt/jwk-weak',
    String.raw`{
  "format": "receipt",
  "description": "The JWK is a point of order 8.",
  "rule": "docs/spec/06-receipt.md: The signer’s JWK has kid as its SHA-256, and its signature verifies",
  "input": {
    "receipt": "c2sp.org/tlog-proof@v1\nextra ZXZpZGVuY2UtbGVkZ2VyL2VudHJ5L3YxCjMKMjAyNi0xMS0yMVQwOTozMDowMy4wMDBaCmZtTytPa2U2ZXJPVGZ4bThLelVIWldRNTc1M1ZYVlJwMTlhaSt1d2ppcjA9CmV5SmhiR2NpT2lKRlpFUlRRU0lzSW5SNWNDSTZJbVYyYVdSbGJtTmxMWE4wWVhSbGJXVnVkQ3R6WkMxcWQzUWlMQ0pyYVdRaU9pSllRbkJMTUZKSlFWRnZXbVkzYXkxWFJqWmtSbWxRTmtFek1WcEhjVkZqZFUxcmMwa3lVbkJhVVhOSkluMC5leUpwYzNNaU9pSmtaWEJ2YzJsMGIzSWlMQ0poZFdRaU9pSmpiM1Z5ZEM1bGVHRnRjR3hsTDJ4bFpHZGxjaTAzWmpOaElpd2lhblJwSWpvaU5EQTBOVEZrWkRVdE5tWmtNQzAwWW1RMkxUZ3lObUl0WldNNE5ETmtOVEZpWWpZM0lpd2lhV0YwSWpveE56azFNalV6TkRBd0xDSnJhVzVrSWpvaVpYWnBaR1Z1WTJVdVpHVndiM05wZENJc0ltbDBaVzF6SWpwYmV5SnphWHBsSWpvNUxDSmthV2RsYzNRaU9uc2ljMmhoTWpVMklqb2lPV0ZqWWpGbE5tSXdaREJsT1dabE9EY3pOVEV4TURFMFpXVTFNV1V6TVRZNE5Ea3pPREpoWm1FNU56ZGlabU00T0dJMVkyUmxNalUyWkRnNVlUTTBPU0o5ZlYwc0lsOXpaQ0k2V3lKTlIxcGpXVmw0ZFVkdk9WTjBXSFZrYXpGR2VpMXZaa05rVW5odE4yeHhTMUJpTm0xRWVHeGZjbDl6SWl3aWRITjZOV0ZyVmtORVFuUnhaWE01WTNWME5rVmFVa2g1V0U4NWVVZFpkMEZFY1VKVlRHY3hOa3BrT0NKZExDSmZjMlJmWVd4bklqb2ljMmhoTFRJMU5pSjkuNFBzRm1pZVFUNUllRXB5aHAtc0Y4VFlVMFV6U2lUcGpsOHlFeDJqWVhXUU1uYndVNWNGaGRKMjJFMVg2TXVmYzVKdXBkdmFaTlNmU3BHSzloUFZHQVEKeyJjcnYiOiJFZDI1NTE5Iiwia3R5IjoiT0tQIiwieCI6Ikp1aVZqOEt5SjdCRndfU0o4dS1ZOE5YZnJBWFR4ak01c1RnQ2lHMVRfQVUifQo=\nindex 3\nfmO+Oke6erOTfxm8KzUHZWQ5753VXVRp19ai+uwjir0=\n8UehYMaVJkQOitjAEKtUf4BNO0FS50EiBipMwbsJi5s=\nMDNZ6zqc4QDoZ7JsZDfngDginrAmoSKKnt3b/cV8KPE=\n\ncourt.example/ledger-7f3a\n6\nYTss6A7QorgecUy5cBtXBoiCnBgJ3hb1jslxlvDYA0E=\n\n— court.example/ledger-7f3a ljeCN+Qu2Pq5hAo75bm9X9xi5PYbUNo47Dh6lwiMNDPf1sLqCYWhz3ws+8qW5KMrvV6NDFQs4Y2qz1DOO6kJamepKwg=\n",
    "policy": "log court.example/ledger-7f3a+96378237+AWi9wnk2d34bsD+CH2AeW1NfOfyIF8lq/ZlzPFjwTkIk\nquorum none\n"
  },
  "expect": {
    "valid": false,
    "code": "key-weak",
    "faults": [
      "key-weak"
    ],
    "unjudged": []
  }
}
`,
  ],
  [
    'receipt/kind-unknown',
    String.raw`{
  "format": "receipt",
  "description": "The kind is of a later version.",
  "rule": "docs/spec/06-receipt.md: aud = origin; the statement keeps the schema of its kind",
  "input": {
    "receipt": "c2sp.org/tlog-proof@v1\nextra ZXZpZGVuY2UtbGVkZ2VyL2VudHJ5L3YxCjIKMjAyNi0xMS0yMVQwOTozMDowMi4wMDBaCkc1L016OVE4cUhaUi9wMHk5UG42aExGWHRmV0VLUmlNNGpvZ3YvaFNWc2M9CmV5SmhiR2NpT2lKRlpFUlRRU0lzSW5SNWNDSTZJbVYyYVdSbGJtTmxMWE4wWVhSbGJXVnVkQ3R6WkMxcWQzUWlMQ0pyYVdRaU9pSllRbkJMTUZKSlFWRnZXbVkzYXkxWFJqWmtSbWxRTmtFek1WcEhjVkZqZFUxcmMwa3lVbkJhVVhOSkluMC5leUpwYzNNaU9pSmtaWEJ2YzJsMGIzSWlMQ0poZFdRaU9pSmpiM1Z5ZEM1bGVHRnRjR3hsTDJ4bFpHZGxjaTAzWmpOaElpd2lhblJwSWpvaU9EZ3lNelU1WkRjdE1ESXhNaTAwWVRoakxUZzNZV1V0TWpBMU0yUXdObVkxWlRBMUlpd2lhV0YwSWpveE56azFNalV6TkRBd0xDSnJhVzVrSWpvaVpYWnBaR1Z1WTJVdWFHRnVaQzF2ZG1WeUluMC5SLURfR1pGblY0VHZVSldIQnM3a19Hc3JPNi1MREt6NjYzUTF5RDhVUmR1UzQ4S2FZZ2w2QVVjQ3VjcVhnTWZldGlSeHFsYU52eEFfcTFGVDR6UUFEZwp7ImNydiI6IkVkMjU1MTkiLCJrdHkiOiJPS1AiLCJ4IjoiQU9ZQnh0RmdoSVl2ZHZiNFE3cDBsQzVnTHdCNF9HbUUwdVFDRVZvX3dKOCJ9Cg==\nindex 2\n8UehYMaVJkQOitjAEKtUf4BNO0FS50EiBipMwbsJi5s=\n\ncourt.example/ledger-7f3a\n3\nSolCugGGLiFKRJoB5JqQ05Ph8cWg0oIqCNK/DjnN1II=\n\n— court.example/ledger-7f3a ljeCN6OL0akuO1JrybvBVQyXwOPedwNx44dvGPh9AhNcEjFJynYvYB2AuPw/wJkr6liXxGwNLK/kVC0ZSHqBEfoQOAs=\n",
    "policy": "log court.example/ledger-7f3a+96378237+AWi9wnk2d34bsD+CH2AeW1NfOfyIF8lq/ZlzPFjwTkIk\nquorum none\n"
  },
  "expect": {
    "valid": false,
    "code": "not-judged",
    "faults": [],
    "unjudged": [
      "not-judged"
    ]
  }
}
`,
  ],
  [
    'receipt/policy-unmet',
    String.raw`{
  "format": "receipt",
  "description": "The policy asks for a witness, which did not cosign.",
  "rule": "docs/spec/06-receipt.md: The checkpoint satisfies the policy",
  "input": {
    "receipt": "c2sp.org/tlog-proof@v1\nextra ZXZpZGVuY2UtbGVkZ2VyL2VudHJ5L3YxCjMKMjAyNi0xMS0yMVQwOTozMDowMy4wMDBaCmZtTytPa2U2ZXJPVGZ4bThLelVIWldRNTc1M1ZYVlJwMTlhaSt1d2ppcjA9CmV5SmhiR2NpT2lKRlpFUlRRU0lzSW5SNWNDSTZJbVYyYVdSbGJtTmxMWE4wWVhSbGJXVnVkQ3R6WkMxcWQzUWlMQ0pyYVdRaU9pSllRbkJMTUZKSlFWRnZXbVkzYXkxWFJqWmtSbWxRTmtFek1WcEhjVkZqZFUxcmMwa3lVbkJhVVhOSkluMC5leUpwYzNNaU9pSmtaWEJ2YzJsMGIzSWlMQ0poZFdRaU9pSmpiM1Z5ZEM1bGVHRnRjR3hsTDJ4bFpHZGxjaTAzWmpOaElpd2lhblJwSWpvaU5EQTBOVEZrWkRVdE5tWmtNQzAwWW1RMkxUZ3lObUl0WldNNE5ETmtOVEZpWWpZM0lpd2lhV0YwSWpveE56azFNalV6TkRBd0xDSnJhVzVrSWpvaVpYWnBaR1Z1WTJVdVpHVndiM05wZENJc0ltbDBaVzF6SWpwYmV5SnphWHBsSWpvNUxDSmthV2RsYzNRaU9uc2ljMmhoTWpVMklqb2lPV0ZqWWpGbE5tSXdaREJsT1dabE9EY3pOVEV4TURFMFpXVTFNV1V6TVRZNE5Ea3pPREpoWm1FNU56ZGlabU00T0dJMVkyUmxNalUyWkRnNVlUTTBPU0o5ZlYwc0lsOXpaQ0k2V3lKTlIxcGpXVmw0ZFVkdk9WTjBXSFZrYXpGR2VpMXZaa05rVW5odE4yeHhTMUJpTm0xRWVHeGZjbDl6SWl3aWRITjZOV0ZyVmtORVFuUnhaWE01WTNWME5rVmFVa2g1V0U4NWVVZFpkMEZFY1VKVlRHY3hOa3BrT0NKZExDSmZjMlJmWVd4bklqb2ljMmhoTFRJMU5pSjkuNFBzRm1pZVFUNUllRXB5aHAtc0Y4VFlVMFV6U2lUcGpsOHlFeDJqWVhXUU1uYndVNWNGaGRKMjJFMVg2TXVmYzVKdXBkdmFaTlNmU3BHSzloUFZHQVEKeyJjcnYiOiJFZDI1NTE5Iiwia3R5IjoiT0tQIiwieCI6IkFPWUJ4dEZnaElZdmR2YjRRN3AwbEM1Z0x3QjRfR21FMHVRQ0VWb193SjgifQo=\nindex 3\nfmO+Oke6erOTfxm8KzUHZWQ5753VXVRp19ai+uwjir0=\n8UehYMaVJkQOitjAEKtUf4BNO0FS50EiBipMwbsJi5s=\nMDNZ6zqc4QDoZ7JsZDfngDginrAmoSKKnt3b/cV8KPE=\n\ncourt.example/ledger-7f3a\n6\nYTss6A7QorgecUy5cBtXBoiCnBgJ3hb1jslxlvDYA0E=\n\n— court.example/ledger-7f3a ljeCN+Qu2Pq5hAo75bm9X9xi5PYbUNo47Dh6lwiMNDPf1sLqCYWhz3ws+8qW5KMrvV6NDFQs4Y2qz1DOO6kJamepKwg=\n",
    "policy": "log court.example/ledger-7f3a+96378237+AWi9wnk2d34bsD+CH2AeW1NfOfyIF8lq/ZlzPFjwTkIk\nwitness w witness.example+63ac2ea8+BKcN4KeWRca5OjLgLnNgGT8rPsxFRQZMH3kfE2/g6fKY\nquorum w\n"
  },
  "expect": {
    "valid": false,
    "code": "policy-unmet",
    "faults": [
      "policy-unmet"
    ],
    "unjudged": []
  }
}
`,
  ],
  [
    'receipt/statement-signature',
    String.raw`{
  "format": "receipt",
  "description": "The signature of the statement does not verify.",
  "rule": "docs/spec/06-receipt.md: The signer’s JWK has kid as its SHA-256, and its signature verifies",
  "input": {
    "receipt": "c2sp.org/tlog-proof@v1\nextra ZXZpZGVuY2UtbGVkZ2VyL2VudHJ5L3YxCjIKMjAyNi0xMS0yMVQwOTozMDowMi4wMDBaCkc1L016OVE4cUhaUi9wMHk5UG42aExGWHRmV0VLUmlNNGpvZ3YvaFNWc2M9CmV5SmhiR2NpT2lKRlpFUlRRU0lzSW5SNWNDSTZJbVYyYVdSbGJtTmxMWE4wWVhSbGJXVnVkQ3R6WkMxcWQzUWlMQ0pyYVdRaU9pSllRbkJMTUZKSlFWRnZXbVkzYXkxWFJqWmtSbWxRTmtFek1WcEhjVkZqZFUxcmMwa3lVbkJhVVhOSkluMC5leUpwYzNNaU9pSmtaWEJ2YzJsMGIzSWlMQ0poZFdRaU9pSmpiM1Z5ZEM1bGVHRnRjR3hsTDJ4bFpHZGxjaTAzWmpOaElpd2lhblJwSWpvaU9EZ3lNelU1WkRjdE1ESXhNaTAwWVRoakxUZzNZV1V0TWpBMU0yUXdObVkxWlRBMUlpd2lhV0YwSWpveE56azFNalV6TkRBd0xDSnJhVzVrSWpvaVpYWnBaR1Z1WTJVdVpHVndiM05wZENJc0ltbDBaVzF6SWpwYmV5SnphWHBsSWpveE9Dd2laR2xuWlhOMElqcDdJbk5vWVRJMU5pSTZJalZsTlRnM056ZGxNbU5pWldWalpHRTNPRFF4TnpBMlkyUmtaVEV5Wm1NeU9HVmlaV1ZqTVRCbFlXRTVaalU0WWpGbFlXRTFZemszWVRNek1UUTVZVFFpZlgxZGZRLjBOSUlQZVJnSGtfOWpIeHJyWldXbDEtWjMySlptM1lqQXhfcENudUZjMVFjWVlfTl9qZENVWTF2SjI3eHRoUDBPemJFbmFLNVNYczZadXFadnNENUNBCnsiY3J2IjoiRWQyNTUxOSIsImt0eSI6Ik9LUCIsIngiOiJBT1lCeHRGZ2hJWXZkdmI0UTdwMGxDNWdMd0I0X0dtRTB1UUNFVm9fd0o4In0K\nindex 2\n8UehYMaVJkQOitjAEKtUf4BNO0FS50EiBipMwbsJi5s=\n\ncourt.example/ledger-7f3a\n3\nfl6zWSx/H5UaM5OEZfjY2ifn2wbSLPM1RQQ6poPAwKc=\n\n— court.example/ledger-7f3a ljeCN1WD/vw23FPLllws/5bz638Z+Jw12x9ADbWeVvv8+h1MgC4cR+qcOw3jDBJjMoSxa7pq2pG2KwIoC8nCAET3Jw8=\n",
    "policy": "log court.example/ledger-7f3a+96378237+AWi9wnk2d34bsD+CH2AeW1NfOfyIF8lq/ZlzPFjwTkIk\nquorum none\n"
  },
  "expect": {
    "valid": false,
    "code": "signature-invalid",
    "faults": [
      "signature-invalid"
    ],
    "unjudged": []
  }
}
`,
  ],
  [
    'receipt/untrusted',
    String.raw`{
  "format": "receipt",
  "description": "Another key with the name of the ledger signed the checkpoint.",
  "rule": "docs/spec/06-receipt.md: The checkpoint satisfies the policy",
  "input": {
    "receipt": "c2sp.org/tlog-proof@v1\nextra ZXZpZGVuY2UtbGVkZ2VyL2VudHJ5L3YxCjMKMjAyNi0xMS0yMVQwOTozMDowMy4wMDBaCmZtTytPa2U2ZXJPVGZ4bThLelVIWldRNTc1M1ZYVlJwMTlhaSt1d2ppcjA9CmV5SmhiR2NpT2lKRlpFUlRRU0lzSW5SNWNDSTZJbVYyYVdSbGJtTmxMWE4wWVhSbGJXVnVkQ3R6WkMxcWQzUWlMQ0pyYVdRaU9pSllRbkJMTUZKSlFWRnZXbVkzYXkxWFJqWmtSbWxRTmtFek1WcEhjVkZqZFUxcmMwa3lVbkJhVVhOSkluMC5leUpwYzNNaU9pSmtaWEJ2YzJsMGIzSWlMQ0poZFdRaU9pSmpiM1Z5ZEM1bGVHRnRjR3hsTDJ4bFpHZGxjaTAzWmpOaElpd2lhblJwSWpvaU5EQTBOVEZrWkRVdE5tWmtNQzAwWW1RMkxUZ3lObUl0WldNNE5ETmtOVEZpWWpZM0lpd2lhV0YwSWpveE56azFNalV6TkRBd0xDSnJhVzVrSWpvaVpYWnBaR1Z1WTJVdVpHVndiM05wZENJc0ltbDBaVzF6SWpwYmV5SnphWHBsSWpvNUxDSmthV2RsYzNRaU9uc2ljMmhoTWpVMklqb2lPV0ZqWWpGbE5tSXdaREJsT1dabE9EY3pOVEV4TURFMFpXVTFNV1V6TVRZNE5Ea3pPREpoWm1FNU56ZGlabU00T0dJMVkyUmxNalUyWkRnNVlUTTBPU0o5ZlYwc0lsOXpaQ0k2V3lKTlIxcGpXVmw0ZFVkdk9WTjBXSFZrYXpGR2VpMXZaa05rVW5odE4yeHhTMUJpTm0xRWVHeGZjbDl6SWl3aWRITjZOV0ZyVmtORVFuUnhaWE01WTNWME5rVmFVa2g1V0U4NWVVZFpkMEZFY1VKVlRHY3hOa3BrT0NKZExDSmZjMlJmWVd4bklqb2ljMmhoTFRJMU5pSjkuNFBzRm1pZVFUNUllRXB5aHAtc0Y4VFlVMFV6U2lUcGpsOHlFeDJqWVhXUU1uYndVNWNGaGRKMjJFMVg2TXVmYzVKdXBkdmFaTlNmU3BHSzloUFZHQVEKeyJjcnYiOiJFZDI1NTE5Iiwia3R5IjoiT0tQIiwieCI6IkFPWUJ4dEZnaElZdmR2YjRRN3AwbEM1Z0x3QjRfR21FMHVRQ0VWb193SjgifQo=\nindex 3\nfmO+Oke6erOTfxm8KzUHZWQ5753VXVRp19ai+uwjir0=\n8UehYMaVJkQOitjAEKtUf4BNO0FS50EiBipMwbsJi5s=\nMDNZ6zqc4QDoZ7JsZDfngDginrAmoSKKnt3b/cV8KPE=\n\ncourt.example/ledger-7f3a\n6\nYTss6A7QorgecUy5cBtXBoiCnBgJ3hb1jslxlvDYA0E=\n\n— court.example/ledger-7f3a Z4rHbIn9PPVXl4hfJWrKLMNlo5RYLvldGUv/x7LtOCdDs6Bx633IAw7DJ4p7RafbSnHrKEuAb2SiFPRDJ5odVMWOwQg=\n",
    "policy": "log court.example/ledger-7f3a+96378237+AWi9wnk2d34bsD+CH2AeW1NfOfyIF8lq/ZlzPFjwTkIk\nquorum none\n"
  },
  "expect": {
    "valid": false,
    "code": "checkpoint-untrusted",
    "faults": [
      "checkpoint-untrusted"
    ],
    "unjudged": []
  }
}
`,
  ],
  [
    'receipt/witnessed',
    String.raw`{
  "format": "receipt",
  "description": "The policy asks for a witness, which cosigned.",
  "rule": "docs/spec/06-receipt.md: A receipt shows inclusion, checkpoint, statement signature, aud, index and each disclosure",
  "input": {
    "receipt": "c2sp.org/tlog-proof@v1\nextra ZXZpZGVuY2UtbGVkZ2VyL2VudHJ5L3YxCjMKMjAyNi0xMS0yMVQwOTozMDowMy4wMDBaCmZtTytPa2U2ZXJPVGZ4bThLelVIWldRNTc1M1ZYVlJwMTlhaSt1d2ppcjA9CmV5SmhiR2NpT2lKRlpFUlRRU0lzSW5SNWNDSTZJbVYyYVdSbGJtTmxMWE4wWVhSbGJXVnVkQ3R6WkMxcWQzUWlMQ0pyYVdRaU9pSllRbkJMTUZKSlFWRnZXbVkzYXkxWFJqWmtSbWxRTmtFek1WcEhjVkZqZFUxcmMwa3lVbkJhVVhOSkluMC5leUpwYzNNaU9pSmtaWEJ2YzJsMGIzSWlMQ0poZFdRaU9pSmpiM1Z5ZEM1bGVHRnRjR3hsTDJ4bFpHZGxjaTAzWmpOaElpd2lhblJwSWpvaU5EQTBOVEZrWkRVdE5tWmtNQzAwWW1RMkxUZ3lObUl0WldNNE5ETmtOVEZpWWpZM0lpd2lhV0YwSWpveE56azFNalV6TkRBd0xDSnJhVzVrSWpvaVpYWnBaR1Z1WTJVdVpHVndiM05wZENJc0ltbDBaVzF6SWpwYmV5SnphWHBsSWpvNUxDSmthV2RsYzNRaU9uc2ljMmhoTWpVMklqb2lPV0ZqWWpGbE5tSXdaREJsT1dabE9EY3pOVEV4TURFMFpXVTFNV1V6TVRZNE5Ea3pPREpoWm1FNU56ZGlabU00T0dJMVkyUmxNalUyWkRnNVlUTTBPU0o5ZlYwc0lsOXpaQ0k2V3lKTlIxcGpXVmw0ZFVkdk9WTjBXSFZrYXpGR2VpMXZaa05rVW5odE4yeHhTMUJpTm0xRWVHeGZjbDl6SWl3aWRITjZOV0ZyVmtORVFuUnhaWE01WTNWME5rVmFVa2g1V0U4NWVVZFpkMEZFY1VKVlRHY3hOa3BrT0NKZExDSmZjMlJmWVd4bklqb2ljMmhoTFRJMU5pSjkuNFBzRm1pZVFUNUllRXB5aHAtc0Y4VFlVMFV6U2lUcGpsOHlFeDJqWVhXUU1uYndVNWNGaGRKMjJFMVg2TXVmYzVKdXBkdmFaTlNmU3BHSzloUFZHQVEKeyJjcnYiOiJFZDI1NTE5Iiwia3R5IjoiT0tQIiwieCI6IkFPWUJ4dEZnaElZdmR2YjRRN3AwbEM1Z0x3QjRfR21FMHVRQ0VWb193SjgifQo=\nindex 3\nfmO+Oke6erOTfxm8KzUHZWQ5753VXVRp19ai+uwjir0=\n8UehYMaVJkQOitjAEKtUf4BNO0FS50EiBipMwbsJi5s=\nMDNZ6zqc4QDoZ7JsZDfngDginrAmoSKKnt3b/cV8KPE=\n\ncourt.example/ledger-7f3a\n6\nYTss6A7QorgecUy5cBtXBoiCnBgJ3hb1jslxlvDYA0E=\n\n— court.example/ledger-7f3a ljeCN+Qu2Pq5hAo75bm9X9xi5PYbUNo47Dh6lwiMNDPf1sLqCYWhz3ws+8qW5KMrvV6NDFQs4Y2qz1DOO6kJamepKwg=\n— witness.example Y6wuqAAAAABrAWTUm26BCIgTdQ1ZV/W+FGoftAEXVjhijqW1+rv24ZhNFd4fZeZEw4L3uY8sMIT1QQ7be4+bkrPLFPpRMAyJ7N85Bw==\n",
    "policy": "log court.example/ledger-7f3a+96378237+AWi9wnk2d34bsD+CH2AeW1NfOfyIF8lq/ZlzPFjwTkIk\nwitness w witness.example+63ac2ea8+BKcN4KeWRca5OjLgLnNgGT8rPsxFRQZMH3kfE2/g6fKY\nquorum w\n"
  },
  "expect": {
    "valid": true,
    "index": 3,
    "iss": "depositor",
    "kid": "XBpK0RIAQoZf7k-WF6dFiP6A31ZGqQcuMksI2RpZQsI",
    "kind": "evidence.deposit",
    "witnesses": [
      {
        "name": "w",
        "timestamp": 1795253460
      }
    ],
    "faults": [],
    "unjudged": []
  }
}
`,
  ],
]
