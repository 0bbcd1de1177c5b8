import type { FastifyInstance } from 'fastify'
import { errorTable } from '../src/core/errors.ts'

/** Where the page is, below a server's address. */
const path = '/errors'

/** The address of an error's line in the page, below a server's address: the `help` of a problem document. */
export function helpOf(code: string): string {
  return `${path}#${code}`
}

/** `GET /errors`: every code with its status, its exit code and what to do, as docs/errors.md has it. Public, and the same for all. */
export function errorsPage(app: FastifyInstance): void {
  const page = Buffer.from(pageText())
  app.get(path, { schema: { hide: true } }, (_request, reply) =>
    reply
      .header('Cache-Control', 'max-age=3600')
      .header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
      .header('X-Content-Type-Options', 'nosniff')
      .type('text/html; charset=utf-8')
      .send(page),
  )
}

function pageText(): string {
  const rows = Object.entries(errorTable).map(
    ([code, { status, exit, action }]) =>
      `<tr id="${code}"><th scope="row">${code}</th><td>${status}</td><td>${exit}</td><td>${escaped(action)}</td></tr>`,
  )
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Errors of the evidence ledger</title>
<h1>Errors</h1>
<p>Codes are stable; messages are not. HTTP: the status of an answer. Exit: the exit code of the command line.</p>
<table><thead><tr><th scope="col">code</th><th scope="col">HTTP</th><th scope="col">exit</th><th scope="col">what to do</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody></table>
</html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`)
}
