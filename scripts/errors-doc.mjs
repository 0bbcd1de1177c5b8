// Writes docs/errors.md from the table of src/core/errors.ts; `npm run errors`. A test holds the two equal.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, install, root } from './setup.mjs'

/** The page, from the table. */
export function errorsPage(table) {
  const rows = Object.entries(table).map(
    ([code, { status, exit, action }]) => `| <a id="${code}"></a>\`${code}\` | ${status} | ${exit} | ${action} |`,
  )
  return `# Errors

Every refusal and every fault has one of these codes; they are stable, messages are not. Over HTTP a refusal is a problem document
(RFC 9457) with \`code\`, \`detail\` (what was wrong), \`where\`, \`action\`, and \`help\`, the address of its line in this table, which
the server has as \`/errors\`; on the command line one line, or with \`--json\` a document, in which \`help\` is the line of this page. "HTTP" is the status where a server answers with the code, "exit" the exit code of the command line: 1 evidence or
chain does not verify, 2 usage, 3 could not run, 4 a newer verifier is needed. A server that refuses a statement gives the same
code that a re-walk would report for it.

| code | HTTP | exit | what to do |
|---|---|---|---|
${rows.join('\n')}
`
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  install()
  build()
  const { errorTable } = await import('../dist/src/core/index.js')
  writeFileSync(join(root, 'docs', 'errors.md'), errorsPage(errorTable))
}
