/* The theme's search dialog has no name that a screen reader could say. */
"use strict";
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
