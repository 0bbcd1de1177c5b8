/** How a report looks, on a screen and on A4. System fonts; colour never says anything alone. */
export const reportStyle = `
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 52rem; padding: 1.5rem; background: #fff; color: #1a1a1a;
  font: 1rem/1.5 "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; margin: 0 0 1rem; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; border-bottom: 2px solid #1a1a1a; display: flex; gap: .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
span[lang] { display: block; }
span[lang] + span[lang] { font-size: .88em; color: #444; }
td span[lang] + span[lang], dd span[lang] + span[lang], dt span[lang] + span[lang], th span[lang] + span[lang] { font-size: .85em; }
.alarm { border: 4px solid #a30000; color: #a30000; padding: .8rem 1rem; margin: 0 0 1rem; }
.alarm strong { font-size: 1.2rem; }
.verdict { border: 3px solid #555; padding: .8rem 1rem; margin: 1rem 0; display: flex; gap: 1rem; }
.verdict .mark { font-size: 2rem; line-height: 1; width: 2rem; text-align: center; flex: none; }
.verdict strong { font-size: 1.15rem; }
.verdict p { margin: .3rem 0; }
.unchanged { border-color: #0a6b2d; } .noticed { border-color: #8a5a00; } .differs, .broken { border-color: #a30000; }
.newer { border-color: #1f4e9c; } .missing { border-color: #555; border-style: dashed; }
.refs { font-size: .8rem; color: #444; margin: 0 0 .6rem; }
table { width: 100%; border-collapse: collapse; margin: .6rem 0; font-size: .9rem; }
th, td { border: 1px solid #888; padding: .25rem .5rem; text-align: start; vertical-align: top; overflow-wrap: break-word; }
.name, pre { overflow-wrap: anywhere; }
th { background: #f0f0f0; }
dl { margin: .6rem 0; display: grid; grid-template-columns: minmax(9rem, 30%) 1fr; gap: .3rem .8rem; }
dt { color: #444; } dd { margin: 0; }
code, pre { font-family: ui-monospace, "Noto Sans Mono", Consolas, monospace; font-size: .88em; }
pre { white-space: pre-wrap; border: 1px solid #888; padding: .4rem .6rem; margin: .2rem 0 .8rem; }
.hash span { display: inline-block; } .hash span + span { margin-inline-start: .5em; }
.blank { margin: .8rem 0; } .blank .line { border-bottom: 1px solid #1a1a1a; height: 2.1rem; }
@page { size: A4; margin: 20mm 18mm 22mm; @bottom-center { content: counter(page) " / " counter(pages); font-size: 9pt; } }
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  h2, h3, dt { break-after: avoid; }
  tr, .verdict, .alarm, .blank, pre { break-inside: avoid; }
  thead { display: table-header-group; }
}
`
