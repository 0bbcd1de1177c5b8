import { toBase64 } from '../../core/base64.ts'
import { utf8 } from '../../core/bytes.ts'
import { EvidenceError } from '../../core/errors.ts'
import { sha256 } from '../../core/hash.ts'

/*
 * The checker as one file, put together and taken apart again: a certificate in HTML carries the very scripts of `evidence-check.html`.
 */

/** What the checker as one file is made of. */
export interface CheckerParts {
  readonly style: string
  /** The script that hashes files, as text. */
  readonly worker: string
  /** The checker itself. */
  readonly script: string
}

/** Scripts as they may stand in a document: without what would end one early, or hide its end. */
export function inlineScript(text: string): string {
  return text.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--')
}

function hashOf(text: string): string {
  return `'sha256-${toBase64(sha256(utf8(text)))}'`
}

/** What a document with the checker in it may do: run these scripts, by their hashes, and connect to nowhere. Data never runs. */
export function contentPolicy({ style, script }: Pick<CheckerParts, 'style' | 'script'>): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(script)} 'wasm-unsafe-eval' blob:`,
    `style-src ${hashOf(style)}`,
    'img-src data: blob:',
    'worker-src blob:',
    "connect-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types evidence-worker',
  ].join('; ')
}

/** The scripts at the end of such a document. */
export function checkerScripts({ worker, script }: Pick<CheckerParts, 'worker' | 'script'>): string {
  return `<script type="text/plain" id="evidence-worker">${worker}</script>
<script type="module">${script}</script>
</html>
`
}

function checkerHead(parts: CheckerParts): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(parts)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Evidence checker</title>
<style>${parts.style}</style>
<body><noscript>This page needs JavaScript. 本页面需要 JavaScript。</noscript></body>
<script type="text/plain" id="evidence-policy"></script>
`
}

/** The checker as one file. The scripts are as {@link inlineScript} gives them. */
export function checkerFile(parts: CheckerParts): string {
  return checkerHead(parts) + checkerScripts(parts)
}

/** Takes a checker as one file apart. Throws `file-unreadable` for a text that {@link checkerFile} does not give. */
export function partsOfChecker(text: string): CheckerParts {
  const between = (before: string, after: string): string => {
    const from = text.indexOf(before) + before.length
    return text.slice(from, text.indexOf(after, from))
  }
  const parts = {
    style: between('<style>', '</style>'),
    worker: between('id="evidence-worker">', '</script>'),
    script: between('<script type="module">', '</script>'),
  }
  if (checkerFile(parts) === text) return parts
  throw new EvidenceError(
    'file-unreadable',
    'evidence-check.html is not the one that was built; build the page again',
    {
      where: 'evidence-check.html',
    },
  )
}
