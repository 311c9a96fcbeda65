/* Draws each [data-chart] from one answer of the server; the numbers are in the tables as well. */
"use strict";
document.addEventListener("DOMContentLoaded", async () => {
  const places = [...document.querySelectorAll("[data-chart]")];
  if (!places.length || !window.echarts) return;
  const answer = await fetch(places[0].dataset.source);
  if (!answer.ok) return;
  const tables = await answer.json();
  for (const place of places) {
    const rows = tables[place.dataset.chart] || [];
    const across = ["day", "hour"].includes(place.dataset.chart);
    const named = { type: "category", data: rows.map((row) => row.name), inverse: !across };
    const counted = { type: "value", minInterval: 1 };
    const chart = window.echarts.init(place, null, { renderer: "canvas" });
    chart.setOption({
      color: ["#14563a"],
      grid: { left: 8, right: 16, top: 16, bottom: 8, containLabel: true },
      xAxis: across ? named : counted,
      yAxis: across ? counted : named,
      series: [{ type: across ? "line" : "bar", data: rows.map((row) => row.value) }],
    });
    window.addEventListener("resize", () => chart.resize());
  }
});
