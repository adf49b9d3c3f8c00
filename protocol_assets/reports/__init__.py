"""The daily report: figures from the published marts, and the page that shows them."""
