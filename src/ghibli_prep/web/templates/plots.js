// The plots, in the page's own colours: drawn as the reader comes near them, and anew when the reader's device turns to
// dark or to light, or to paper.
"use strict";
const screenColours = window.matchMedia("(prefers-color-scheme: dark)");

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function draw(plots) {
  const series = ["leaf", "berry", "sun", "stone"].map(colour);
  for (const plot of plots) {
    const target = document.getElementById(`plot-${plot.name}`);
    const data = plot.data.map((trace, at) => ({
      ...trace, marker: { color: series[at], ...trace.marker, line: { width: trace.marker?.color ? 1 : 0, color: colour("line") } },
    }));
    const axis = { gridcolor: colour("line"), zerolinecolor: colour("line"), fixedrange: true };
    const layout = {
      height: 260, margin: { l: 48, r: 12, t: 8, b: 40 }, bargap: 0.15, showlegend: false,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", colorway: series,
      font: { family: "inherit", size: 12, color: colour("ink") },
      ...plot.layout,
      xaxis: { automargin: true, ...axis, ...plot.layout.xaxis }, yaxis: { ...axis, ...plot.layout.yaxis },
      shapes: (plot.layout.shapes || []).map((shape) => ({ ...shape, line: { color: colour("berry"), width: 2, dash: "dot" } })),
    };
    Plotly.react(target, data, layout, { responsive: true, displayModeBar: false });
  }
}

const drawn = new Set();
const near = new IntersectionObserver((seen) => {
  const come = seen.filter((one) => one.isIntersecting).map((one) => one.target.id);
  const plots = DATA.plots.filter((plot) => come.includes(`plot-${plot.name}`) && !drawn.has(plot));
  plots.forEach((plot) => drawn.add(plot));
  draw(plots);
}, { rootMargin: "600px" });
for (const plot of DATA.plots) {
  const target = document.getElementById(`plot-${plot.name}`);
  target.style.minHeight = `${plot.layout.height || 260}px`;
  near.observe(target);
}
const drawAgain = () => draw([...drawn]);
screenColours.addEventListener("change", drawAgain);
window.addEventListener("beforeprint", () => { DATA.plots.forEach((plot) => drawn.add(plot)); drawAgain(); });
window.addEventListener("afterprint", drawAgain);
document.documentElement.dataset.ready = "all";
