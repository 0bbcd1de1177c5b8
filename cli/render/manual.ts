import type { CommandNode } from './command-tree.ts'

/** Text as troff prints it: nothing in it is a request or an escape. */
function plain(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^[.']/gm, (one) => `\\&${one}`)
    .replace(/[^\0-\x7f]/gu, (c) => `\\[u${(c.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}]`)
}

/** Lines as they stand, in a fixed width. */
function verbatim(text: string): string {
  return `.nf\n${plain(text)}\n.fi`
}

function section(node: CommandNode): string[] {
  const name = ['evidence', ...node.path].join(' ')
  const options = node.options.flatMap(({ flags, description, group }, i) => [
    ...(group === (node.options[i - 1]?.group ?? '') ? [] : ['.PP', plain(`${group}:`)]),
    '.TP',
    `\\fB${plain(flags)}\\fR`,
    plain(description),
  ])
  return [
    `.SS ${plain(`${name} ${node.usage}`.trim())}`,
    plain(node.description),
    ...options,
    ...(node.after === '' ? [] : ['.PP', verbatim(node.after)]),
    ...node.commands.flatMap(section),
  ]
}

/** The manual page evidence(1), in troff's man macros, drawn from the same texts as the help. `date` is YYYY-MM-DD. */
export function manualPage(
  tree: readonly CommandNode[],
  about: { readonly description: string; readonly after: string; readonly version: string; readonly date: string },
): string {
  const groups = [...new Set(tree.map(({ group }) => group))]
  return [
    `.TH EVIDENCE 1 ${about.date} "evidence ${about.version}"`,
    '.SH NAME',
    'evidence \\- deposit, keep and check electronic evidence',
    '.SH SYNOPSIS',
    '.B evidence',
    '.I COMMAND',
    '[options]',
    '.SH DESCRIPTION',
    plain(about.description),
    ...groups.flatMap((group) => [
      `.SH ${plain(group.toUpperCase())}`,
      ...tree.filter((node) => node.group === group).flatMap(section),
    ]),
    '.SH EXIT STATUS',
    verbatim(about.after),
    '',
  ].join('\n')
}
