/** How a certificate in HTML looks besides the checker in it: on a screen and on A4. */
export const certificateStyle = `
.certificate aside{border-bottom:2px solid var(--line);padding:0 1rem 1rem;max-width:60rem;margin:0 auto}
.certificate .own{font-size:.9rem;overflow-wrap:anywhere}
#evidence-document{overflow-wrap:anywhere}
#evidence-document p{margin:.15rem 0}
#evidence-document table{width:100%;border-collapse:collapse}
#evidence-document th{width:12rem;text-align:left;font-weight:400;opacity:.8}
#evidence-document th,#evidence-document td{vertical-align:top;padding:.2rem .6rem .2rem 0;border:0}
#evidence-document h2{border-top:1px solid var(--line);padding-top:.6rem}
#evidence-document h1 span,#evidence-document h2 span,#evidence-document h3 span{display:block}
#evidence-document [lang]+[lang]{font-size:.88em}
#evidence-document .verdict,#evidence-document .notice{display:block;border:0;padding:0;font-size:1.1rem}
#evidence-document .notice{color:var(--bad);font-weight:700}
#evidence-document svg{width:9rem;height:9rem;background:#fff}
#evidence-document pre{white-space:pre-wrap}
@page{size:A4;margin:18mm}
@media print{
:root{color-scheme:light;--ink:#000;--paper:#fff;--bad:#9b1c1c}
html{font-size:10pt}
#evidence-document,.certificate aside{max-width:none;padding:0}
#evidence-document tr,#evidence-document figure{break-inside:avoid}
#evidence-document h2,#evidence-document h3{break-after:avoid}
}
`
